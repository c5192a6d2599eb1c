/** A file that the engine must not open: which field is wrong, what was expected there and what came. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
  readonly field: string;
  readonly expected: string;
  readonly received: string;

  constructor(field: string, expected: string, received: string) {
    super(`Not a usable model file (${field}: expected ${expected}, but found ${received}).`);
    this.field = field;
    this.expected = expected;
    this.received = received;
  }
}
