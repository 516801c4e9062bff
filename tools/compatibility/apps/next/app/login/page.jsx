import { logIn } from "../actions.js";
import { Form } from "../form.jsx";

export default function Page() {
  return <Form action={logIn} name="user" type="text" />;
}
