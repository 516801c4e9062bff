export default async function Note({ params }) {
  return <h1>Note {(await params).id}</h1>;
}
