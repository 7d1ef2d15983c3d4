/** What the server said no with: one line, and what to do next. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
    readonly hint = ''
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Nothing of nbmlops answers there: the server half is not installed, or not switched on. */
  get isMissingServer(): boolean {
    return this.status === 404 && this.kind === '';
  }
}

/** The error of an answer that is none of ours keeps the status and says little. */
export function errorOf(status: number, body: unknown): ApiError {
  const facts = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string): string => (typeof facts[name] === 'string' ? (facts[name] as string) : '');
  const kind = text('kind');
  const message = text('message') || text('error') || `The server answered ${status}.`;
  return new ApiError(status, kind, message, text('hint'));
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError(0, 'bug', error instanceof Error ? error.message : String(error));
}
