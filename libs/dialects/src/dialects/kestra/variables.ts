import { type InboundRequest, type MultipartBody, type Pair } from '../../inbound-request.ts';
import { triggerBodyOf } from '../../body/trigger-body.ts';
import { isCredentialHeader, isSecretHeader, isSecretParameter, REDACTED } from '../../secret-names.ts';

export type Lists = Readonly<Record<string, readonly string[]>>;

/** What a flow reads as `trigger`. */
export interface TriggerVariables {
  readonly body: unknown;
  readonly headers: Lists;
  readonly parameters: Lists;
  readonly parts?: readonly Readonly<Record<string, unknown>>[];
  readonly formFields?: Lists;
}

type Hides = (name: string) => boolean;
const HIDES_NOTHING: Hides = () => false;

/** Every value of every name, in the order of the request; names as the sender spelled them. */
const listsOf = (pairs: readonly Pair[], hides: Hides): Lists => {
  const lists = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const list = lists.get(name) ?? [];
    list.push(hides(name) ? REDACTED : value);
    lists.set(name, list);
  }
  return Object.fromEntries(lists);
};

const multipartOf = ({ fields, files }: MultipartBody): Pick<TriggerVariables, 'parts' | 'formFields'> => ({
  parts: files.map(({ name, filename, contentType, size, object }) => ({
    name,
    filename,
    contentType,
    size,
    uri: object,
  })),
  formFields: listsOf(
    fields.map(({ name, value }) => [name, value] as const),
    HIDES_NOTHING,
  ),
});

const readVariables = (request: InboundRequest, keepsCredentials: boolean): TriggerVariables => ({
  body: triggerBodyOf(request),
  headers: listsOf(request.headerPairs(), keepsCredentials ? HIDES_NOTHING : isCredentialHeader),
  parameters: listsOf(request.queryPairs(), keepsCredentials ? HIDES_NOTHING : isSecretParameter),
  ...(request.multipart === undefined ? {} : multipartOf(request.multipart)),
});

/** Of requests whose input and answer both hold them: without credentials, so nobody who was not meant to sees any. */
const plainVariables = new WeakMap<InboundRequest, TriggerVariables>();

/**
 * The variables of a request. Ask when its body was read; those without credentials are read once.
 *
 * @param keepsCredentials Whether `Authorization`, cookies and API keys are among them.
 * @throws AppError as `triggerBodyOf`.
 */
export const variablesOf = (request: InboundRequest, keepsCredentials: boolean): TriggerVariables => {
  if (keepsCredentials) return readVariables(request, true);
  const known = plainVariables.get(request);
  if (known !== undefined) return known;
  const variables = readVariables(request, false);
  plainVariables.set(request, variables);
  return variables;
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hidden = (lists: unknown, hides: Hides): unknown =>
  isRecord(lists)
    ? Object.fromEntries(Object.entries(lists).map(([name, value]) => [name, hides(name) ? [REDACTED] : value]))
    : lists;

/** The variables in the input of a run, as they may be answered: no credential and no signature is repeated to anyone. */
export const answeredVariables = (input: unknown): Readonly<Record<string, unknown>> | undefined => {
  const trigger = isRecord(input) ? input['trigger'] : undefined;
  if (!isRecord(trigger)) return undefined;
  return {
    ...trigger,
    headers: hidden(trigger['headers'], isSecretHeader),
    parameters: hidden(trigger['parameters'], isSecretParameter),
  };
};
