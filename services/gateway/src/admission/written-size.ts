import { CLOUD_EVENT_BYTES_MAX, ENVIRONMENT_BYTES_MAX, INPUT_BYTES_MAX } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';

/** What of a request is written as the caller sent it. */
export interface Written {
  readonly input: unknown;
  readonly env: Readonly<Record<string, string>>;
  /** Attributes of the CloudEvent that asks for the run. */
  readonly cloudEvent?: Readonly<Record<string, unknown>>;
}

const writtenBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const checkSize = (what: 'input' | 'env' | 'cloud_event', name: string, value: unknown, bytesMax: number): number => {
  const bytes = writtenBytes(value);
  if (bytes <= bytesMax) return bytes;
  throw new AppError(
    'too_large',
    `${what}.too_large`,
    `${name} takes ${bytes} bytes as JSON; ${bytesMax} are allowed`,
    {
      details: { max_bytes: bytesMax },
    },
  );
};

/**
 * Size of a request as it stands in the log, in bytes of JSON text. The body says little: dialects make an input of it, and numbers are
 * written longer than they came.
 *
 * @throws AppError `too_large` `input.too_large`, `env.too_large`, `cloud_event.too_large`.
 */
export const checkWrittenSize = ({ input, env, cloudEvent }: Written): number =>
  checkSize('input', 'the input', input, INPUT_BYTES_MAX) +
  checkSize('env', 'the environment', env, ENVIRONMENT_BYTES_MAX) +
  (cloudEvent === undefined
    ? 0
    : checkSize('cloud_event', 'the attributes of the CloudEvent', cloudEvent, CLOUD_EVENT_BYTES_MAX));
