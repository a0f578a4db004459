import { type Static, Type } from 'typebox';

/** What a shell can name without effort; the name is also the variable that scripts read. */
export const SECRET_NAME_PATTERN = '^[A-Z][A-Z0-9_]{0,63}$';
/** What Millrace itself tells a run, and what would change the program instead of telling it something. */
const RESERVED =
  /^(MILLRACE_.*|OTEL_.*|LD_.*|DYLD_.*|BASH_.*|TRACEPARENT|PATH|HOME|TMPDIR|LANG|IFS|ENV|PS4|NODE_OPTIONS|PYTHON(STARTUP|PATH|HOME)|PERL5(OPT|LIB)|RUBYOPT)$/;

/** Whether no secret may have this name, because it means something else as a variable. */
export const isReservedSecretName = (name: string): boolean => RESERVED.test(name);

/** Of one value, as UTF-8: half of what Linux takes as one variable. */
export const SECRET_VALUE_BYTES_MAX = 65_536;
/** Values of one secret that are valid at the same time. */
export const SECRET_VALUES_MAX = 5;

/** One value, sealed with AES-256-GCM; workspace, name and key id are authenticated with it. */
export const SealedValueSchema = Type.Object({
  /** First 8 hex digits of the SHA-256 of the key that opens it. */
  keyId: Type.String({ pattern: '^[0-9a-f]{8}$' }),
  /** 96 random bits, base64. */
  iv: Type.String(),
  /** Ciphertext and tag of 128 bits, base64. */
  data: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
});
export type SealedValue = Static<typeof SealedValueSchema>;

/** What the bucket `secrets` holds under `<workspace>/<name>`: never a value that can be read without the master key. */
export const SecretRecordSchema = Type.Object({
  workspace: Type.String(),
  name: Type.String({ pattern: SECRET_NAME_PATTERN }),
  /** The newest first; more than one while one replaces another. */
  values: Type.Array(SealedValueSchema, { minItems: 1 }),
  /** Workflows that may read it, as paths or patterns with `*`; absent: all. */
  workflows: Type.Optional(Type.Array(Type.String())),
  createdAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time' }),
});
export type SecretRecord = Static<typeof SecretRecordSchema>;
