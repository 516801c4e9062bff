import { takeFile } from "../actions.js";
import { Form } from "../form.jsx";

export default function Page() {
  return <Form action={takeFile} name="file" type="file" />;
}
