/** The closed catalogue of problem codes: one table for REST status, GraphQL `extensions.code` and the documents. */
export const PROBLEMS = {
  VALIDATION_FAILED: { status: 400, title: 'The request does not have the documented shape' },
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  TEST_CLOCK_REFUSED: { status: 400, title: 'Test-Clock is only honoured in a sandbox' },
  UNAUTHENTICATED: { status: 401, title: 'A valid API key is needed' },
  FORBIDDEN: { status: 403, title: 'The key lacks the scope for this operation' },
  FOUR_EYES: { status: 403, title: 'Another client has to take this step' },
  NOT_FOUND: { status: 404, title: 'There is no such resource' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The path does not know this method' },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, title: 'A request with this Idempotency-Key is still running' },
  CLIENT_EXISTS: { status: 409, title: 'An API client with this id exists' },
  ACCOUNT_OF_OTHER_CUSTOMER: { status: 409, title: 'The account belongs to another customer' },
  ATTEMPT_CONFLICT: { status: 409, title: 'This attempt was reported before with other content' },
  PAYMENT_CONFLICT: { status: 409, title: 'This payment was recorded or taken back before with other content' },
  CHARGE_CONFLICT: { status: 409, title: 'This charge or change of rate was recorded before with other content' },
  DIRECTIVE_CONFLICT: { status: 409, title: 'This directive was recorded before with other content' },
  MERGE_CONFLICT: { status: 409, title: 'This merge was recorded before with other content' },
  CUSTOMERS_MERGED: { status: 409, title: 'The customers are one person already' },
  CANDIDATE_SETTLED: { status: 409, title: 'The candidate was decided already' },
  CASE_ENTRY_CONFLICT: { status: 409, title: 'This case entry was recorded or ended before with other content' },
  PLACEMENT_OVERLAP: { status: 409, title: 'The account is placed with a collector on one of these days' },
  RESERVATION_SETTLED: { status: 409, title: 'The reservation has an outcome already' },
  POLICY_VERSION_EXISTS: { status: 409, title: 'There is such a version of this policy pack' },
  POLICY_STATE: { status: 409, title: 'The policy version is not in a state for this step' },
  POLICY_TIMELINE: { status: 409, title: 'The versions of the policy pack would overlap or leave a gap' },
  BACKTEST_NOT_CANCELLABLE: { status: 409, title: 'The back-test has ended' },
  INCIDENT_SETTLED: { status: 409, title: 'The incident was explained or closed already' },
  IMPORT_STATE: { status: 409, title: 'The import, or its row, is not in a state for this step' },
  IMPORT_NOT_CANCELLABLE: { status: 409, title: 'The import has ended' },
  PRECONDITION_FAILED: { status: 412, title: 'The resource has changed since it was read' },
  PRECONDITION_REQUIRED: { status: 428, title: 'The change must say which state it is based on' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is larger than the limit' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The media type is not supported here' },
  IDEMPOTENCY_CONFLICT: { status: 422, title: 'The same key was used with another request' },
  UNPROCESSABLE: { status: 422, title: 'The request has the right shape and no valid meaning' },
  PACK_INVALID: { status: 422, title: 'The text is no valid policy pack' },
  PHONE_INVALID: { status: 422, title: 'The number is no valid telephone number' },
  RATE_LIMITED: { status: 429, title: 'Too many requests from this client' },
  INTERNAL: { status: 500, title: 'The service failed; nothing was permitted' },
  UNAVAILABLE: { status: 503, title: 'The service cannot answer now; nothing was permitted' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export const FIELD_CODES = [
  'REQUIRED',
  'INVALID_TYPE',
  'INVALID_FORMAT',
  'INVALID_VALUE',
  'UNKNOWN_FIELD',
  'TOO_SMALL',
  'TOO_LARGE',
  'UNKNOWN_REFERENCE',
  'DUPLICATE',
  'TOO_PRECISE',
  'IN_THE_FUTURE',
  'OUT_OF_ORDER',
  'PACK_INVALID',
  'PHONE_INVALID',
  'RESIDENT_ID_INVALID',
] as const;
export type FieldCode = (typeof FIELD_CODES)[number];

/** What is wrong with one field; `pointer` is a JSON Pointer into the body, or into query and params by their names. */
export interface FieldError {
  readonly pointer: string;
  readonly code: FieldCode;
  readonly message: string;
  /** Line of the text in the field, from 1. */
  readonly line?: number;
}

/** The one error that services throw. Never carries a name, a number or another personal datum. */
export class AppError extends Error {
  readonly code: ProblemCode;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    options: { errors?: readonly FieldError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** 404 that points at the id in the request. */
export function notFound(pointer: string, what: string): AppError {
  const message = `There is no such ${what}.`;
  return new AppError('NOT_FOUND', message, { errors: [{ pointer, code: 'UNKNOWN_REFERENCE', message }] });
}

/** 422 about one field. */
export function unprocessable(pointer: string, code: FieldCode, message: string): AppError {
  return unprocessableFields([{ pointer, code, message }]);
}

/** 422 about several fields; the first one gives code and detail. */
export function unprocessableFields(errors: readonly FieldError[]): AppError {
  const phone = errors[0]?.code === 'PHONE_INVALID';
  return new AppError(phone ? 'PHONE_INVALID' : 'UNPROCESSABLE', errors[0]?.message ?? PROBLEMS.UNPROCESSABLE.title, {
    errors,
  });
}
