import { takeText } from "../actions.js";
import { Form } from "../form.jsx";

export default function Page() {
  return <Form action={takeText} name="text" type="text" />;
}
