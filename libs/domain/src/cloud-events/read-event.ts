import { checkJsonText, JSON_DEPTH_MAX } from '@millrace/kernel';
import { fromBase64, toBase64 } from './base64.ts';
import { checkAttributes, invalidEvent } from './check-attributes.ts';
import { type CloudEventAttributes, type ReadCloudEvent } from './cloud-event.ts';
import { essenceOf, isJson } from './media-type.ts';
import { decodeHeader } from './percent-encoding.ts';
import { neededUtf8, utf8Text } from './utf8.ts';

type Data = Omit<ReadCloudEvent, 'attributes'>;

/** Members of all events of a batch, with those of their data. */
export const EVENT_KEYS_MAX = 50_000;

const NO_DATA: Data = { data: undefined, hasData: false };
const PREFIX = 'ce-';

/** An envelope of its own around data that has the bounds of a body; as many in a batch. */
const EVENT_BOUNDS = { depth: JSON_DEPTH_MAX + 3, keys: EVENT_KEYS_MAX };

/** @throws AppError as `checkJsonText`, and `invalid` `cloudevents.invalid`. */
export const parseJson = (text: string, what: string): unknown => {
  checkJsonText(text, EVENT_BOUNDS);
  try {
    return JSON.parse(text);
  } catch {
    throw invalidEvent(`${what} is not JSON`);
  }
};

const isText = (contentType: string | undefined): boolean => {
  const essence = essenceOf(contentType);
  return essence.startsWith('text/') || essence.endsWith('+xml') || TEXT_TYPES.has(essence);
};
const TEXT_TYPES = new Set(['application/xml', 'application/x-www-form-urlencoded', 'application/yaml', '']);

const bytesAsData = (bytes: Uint8Array): Data => ({ data: toBase64(bytes), hasData: true, dataBytes: bytes });

const dataOfBody = (contentType: string | undefined, body: Uint8Array): Data => {
  if (body.length === 0) return NO_DATA;
  if (isJson(contentType)) return { data: parseJson(neededUtf8(body, 'the data'), 'the data'), hasData: true };
  const text = isText(contentType) ? utf8Text(body) : undefined;
  return text === undefined ? bytesAsData(body) : { data: text, hasData: true };
};

/** Binary mode: attributes in `ce-` headers, data in the body. */
export const readBinary = (headers: Readonly<Record<string, string>>, body: Uint8Array): ReadCloudEvent => {
  const contentType = headers['content-type'];
  const named = Object.entries(headers)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), decodeHeader(value)] as const);
  if (named.some(([name]) => name === 'datacontenttype')) {
    throw invalidEvent('the attribute datacontenttype is the header content-type, not ce-datacontenttype');
  }
  const attributes = checkAttributes([
    ...named,
    ...(contentType === undefined ? [] : [['datacontenttype', contentType] as const]),
  ]);
  return { attributes, ...dataOfBody(contentType, body) };
};

const decoded = (value: unknown, where: string): Uint8Array => {
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined;
  if (bytes === undefined) throw invalidEvent('the member data_base64 is not base64', where);
  return bytes;
};

/** JSON format, section 3.1: data that is declared to be other than JSON is a text. */
const dataOfMembers = (members: ReadonlyMap<string, unknown>, where: string): Data => {
  if (!members.has('data_base64')) {
    return members.has('data') ? { data: members.get('data'), hasData: true } : NO_DATA;
  }
  if (members.has('data')) throw invalidEvent('the members data and data_base64 exclude each other', where);
  return bytesAsData(decoded(members.get('data_base64'), where));
};

const DATA_MEMBERS = new Set(['data', 'data_base64']);

/** Bytes that are declared to be JSON are JSON: the spelling of the envelope does not change the data. */
const asDeclared = (data: Data, { datacontenttype }: CloudEventAttributes, where: string): Data => {
  if (data.dataBytes === undefined || datacontenttype === undefined || !isJson(datacontenttype)) return data;
  const text = utf8Text(data.dataBytes);
  if (text === undefined) throw invalidEvent('the data is not UTF-8', where);
  checkJsonText(text);
  try {
    return { ...data, data: JSON.parse(text) as unknown };
  } catch {
    throw invalidEvent('the data is not JSON', where);
  }
};

/** Structured mode: one object of the JSON format. */
export const readObject = (value: unknown, where = ''): ReadCloudEvent => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidEvent('not a JSON object', where);
  }
  const members = new Map(Object.entries(value) as [string, unknown][]);
  const attributes = checkAttributes(
    [...members].filter(([name]) => !DATA_MEMBERS.has(name)),
    where,
  );
  return { attributes, ...asDeclared(dataOfMembers(members, where), attributes, where) };
};
