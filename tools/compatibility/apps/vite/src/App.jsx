import { useEffect, useState } from "react";

/** Notes with a router of a few lines, as those of the usual libraries work. */
export function App() {
  const [path, setPath] = useState(location.pathname);
  const [count, setCount] = useState(0);
  const [answer, setAnswer] = useState("");
  useEffect(() => {
    const look = () => setPath(location.pathname);
    addEventListener("popstate", look);
    return () => removeEventListener("popstate", look);
  }, []);

  function go(event) {
    event.preventDefault();
    history.pushState(null, "", event.currentTarget.getAttribute("href"));
    setPath(location.pathname);
  }

  async function send(event) {
    const body = event.target.files[0];
    const { bytes } = await (await fetch("/upload", { method: "POST", body })).json();
    setAnswer(`Sent ${bytes} bytes`);
  }

  return (
    <main>
      <h1>Notes by Vite</h1>
      <p id="path">This is {path}</p>
      <p>
        <a href="/notes/1" onClick={go}>The first note</a>
      </p>
      <p>
        <button type="button" onClick={() => setCount(count + 1)}>Count is {count}</button>
      </p>
      <p>
        <input type="file" onChange={send} /> {answer}
      </p>
    </main>
  );
}
