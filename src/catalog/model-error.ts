/** Why a model was not pulled, imported, verified or removed: one line for the operator. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  /** Whether the same attempt may succeed when it is made again. */
  readonly retryable: boolean;

  constructor(message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.retryable = options.retryable ?? false;
  }
}
