/** Why `setup` has stopped, with what to do. What is done stays done: the same command goes on from there. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
