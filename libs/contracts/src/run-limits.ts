/**
 * What one attempt of a run may write to the log at most; the scheduler keeps so much room for each running one. Everything is measured as
 * it stands in an event: as JSON text, in bytes of UTF-8. What came in may be shorter: `1e20` is written with 21 digits.
 */

/** A larger input is answered 413. */
export const INPUT_BYTES_MAX = 1_048_576;
/** Names and values together; more are answered 413. */
export const ENVIRONMENT_BYTES_MAX = 524_288;
/** Attributes of the CloudEvent that asks for a run; more are answered 413. */
export const CLOUD_EVENT_BYTES_MAX = 65_536;
/** How a run was asked for: address and headers, which are limited by the HTTP server to a quarter of this. */
const TRIGGER_BYTES_MAX = 65_536;
/** A run with a larger result fails; a larger early answer is left out. */
export const RESULT_BYTES_MAX = 1_048_576;

/** Longer texts are cut. */
export const ERROR_MESSAGE_BYTES_MAX = 16_384;
export const ERROR_STACK_BYTES_MAX = 32_768;
export const PROGRESS_MESSAGE_BYTES_MAX = 256;

/** The last report is always one of them. */
export const PROGRESS_EVENTS_MAX = 1_500;
/** What an event takes besides what is limited above: its envelope, its other data, and the message that carries it. */
export const EVENT_BYTES_MAX = 1_536;
/** Dispatched, started, responded, cancel asked for, ended, and what the scheduler says about a lost attempt. */
const OTHER_EVENTS_MAX = 16;

/** What a part takes that is sealed, because its run is deleted after use: base64 has four bytes for three. */
export const sealedBytes = (bytes: number): number => Math.ceil((bytes * 4) / 3);

/** The sum: what one attempt writes from its dispatch to its end. */
export const ATTEMPT_LOG_BYTES_MAX = sealedBytes(
  INPUT_BYTES_MAX +
    ENVIRONMENT_BYTES_MAX +
    CLOUD_EVENT_BYTES_MAX +
    TRIGGER_BYTES_MAX +
    2 * RESULT_BYTES_MAX +
    ERROR_MESSAGE_BYTES_MAX +
    ERROR_STACK_BYTES_MAX +
    PROGRESS_EVENTS_MAX * (EVENT_BYTES_MAX + PROGRESS_MESSAGE_BYTES_MAX) +
    OTHER_EVENTS_MAX * EVENT_BYTES_MAX,
);
