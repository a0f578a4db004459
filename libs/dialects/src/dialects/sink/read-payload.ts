import { type ReadCloudEvent } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { formPairs, pairsWithLists } from '../../body/form.ts';
import { multipartMembers } from '../../body/multipart-members.ts';
import { readJson } from '../../body/read-json.ts';
import { type InboundRequest, mediaTypeOf, type MultipartFile } from '../../inbound-request.ts';

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fileMember = ({ filename, contentType, size, object }: MultipartFile): Members => ({
  path: object,
  store_ref: object,
  cache_store_ref: null,
  filename,
  content_type: contentType,
  size,
});

/** Any JSON value whatever the content type says, else the text. */
const jsonOrText = (request: InboundRequest): unknown => {
  try {
    return readJson(request);
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return request.text();
    throw error;
  }
};

const bodyOf = (request: InboundRequest): unknown => {
  if (request.multipart !== undefined) return multipartMembers(request.multipart, fileMember);
  if (request.body.length === 0) return undefined;
  const isForm = mediaTypeOf(request) === 'application/x-www-form-urlencoded';
  const value = jsonOrText(request);
  // `curl -d '{…}'` says that it sends a form.
  return isForm && typeof value === 'string' ? pairsWithLists(formPairs(value)) : value;
};

/** Members under the names that JSON has no trouble with: a `__proto__` of a query would be one of the input. */
const withoutProto = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => name !== '__proto__'));

const withQuery = (body: unknown, request: InboundRequest): unknown => {
  const query = pairsWithLists(request.queryPairs());
  const hasQuery = Object.keys(query).length > 0;
  if (isMembers(body)) return withoutProto({ ...query, ...body });
  if (body === undefined) return hasQuery ? withoutProto(query) : null;
  return hasQuery ? withoutProto({ ...query, _body: body }) : body;
};

/** The payload of a CloudEvent: its data, with the query beside it as in {@link readPayload}. */
export const readEventPayload = ({ data, hasData }: ReadCloudEvent, request: InboundRequest): unknown =>
  withQuery(hasData ? data : undefined, request);

/**
 * The payload of a request: its body, with the query beside it. Members of the body win; what is no object stands under `_body` as
 * soon as there is a query.
 *
 * @returns `null` without body and query.
 * @throws AppError `invalid` `body.not_utf8`, `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const readPayload = (request: InboundRequest): unknown => withQuery(bodyOf(request), request);
