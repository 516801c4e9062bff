import { takeText } from "../actions.js";
import { Form } from "../form.js";

export default function Page() {
  return <Form action={takeText} name="text" type="text" />;
}
