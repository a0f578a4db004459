const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes of randomness that one UUIDv7 takes. */
export const UUID_RANDOM_BYTES = 10;

/**
 * A UUIDv7 (RFC 9562) from a time in milliseconds and {@link UUID_RANDOM_BYTES} random bytes.
 * Ids of later milliseconds sort after those of earlier ones.
 */
export const uuidV7 = (timeMs: number, random: Uint8Array): string => {
  const hex = (byte: number): string => HEX[byte & 0xff] ?? '00';
  const at = (index: number): number => random[index] ?? 0;
  const time = Math.floor(timeMs).toString(16).padStart(12, '0');
  return (
    `${time.slice(0, 8)}-${time.slice(8)}-${hex((at(0) & 0x0f) | 0x70)}${hex(at(1))}` +
    `-${hex((at(2) & 0x3f) | 0x80)}${hex(at(3))}-${hex(at(4))}${hex(at(5))}${hex(at(6))}${hex(at(7))}${hex(at(8))}${hex(at(9))}`
  );
};

/** The time in a UUIDv7, in milliseconds since 1970. */
export const uuidV7TimeMs = (uuid: string): number => Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);

const RUN_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text can be a run id at all; others are "not found" without asking anyone. */
export const isRunId = (text: string): boolean => RUN_ID.test(text);

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: string;
}

/** Reads a W3C `traceparent`; a malformed or all-zero one is `undefined`, and the caller begins a trace of its own. */
export const parseTraceparent = (text: string | undefined): TraceContext | undefined => {
  const match = TRACEPARENT.exec(text ?? '');
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return /^0+$/.test(traceId) || /^0+$/.test(spanId) ? undefined : { traceId, spanId, flags };
};

export const formatTraceparent = ({ traceId, spanId, flags }: TraceContext): string =>
  `00-${traceId}-${spanId}-${flags}`;
