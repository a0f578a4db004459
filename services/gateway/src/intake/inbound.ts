import { type FastifyRequest } from 'fastify';
import { type InboundRequest, type MultipartBody, type Pair } from '@millrace/dialects';
import { type RunSealer } from '@millrace/secrets';

const NO_BODY = new Uint8Array();
const utf8 = new TextDecoder();

const decodePart = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

const pairsOf = (search: string): readonly Pair[] =>
  search
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals === -1
        ? [decodePart(part), '']
        : [decodePart(part.slice(0, equals)), decodePart(part.slice(equals + 1))];
    });

/** A request of the HTTP framework as dialects see it. Nothing is read before somebody asks: this is the hot path. */
export class Inbound implements InboundRequest {
  readonly #request: FastifyRequest;
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly from: string;
  multipart: MultipartBody | undefined = undefined;
  sealer: RunSealer | undefined = undefined;
  #queryPairs: readonly Pair[] | undefined;
  #headerPairs: readonly Pair[] | undefined;
  #text: string | undefined;

  constructor(request: FastifyRequest, from: string) {
    const url = request.raw.url ?? '/';
    const query = url.indexOf('?');
    this.#request = request;
    this.method = request.method;
    this.path = query === -1 ? url : url.slice(0, query);
    this.search = query === -1 ? '' : url.slice(query + 1);
    this.from = from;
  }

  get params(): Readonly<Record<string, string>> {
    return this.#request.params as Readonly<Record<string, string>>;
  }

  get body(): Uint8Array {
    return this.#request.body instanceof Uint8Array ? this.#request.body : NO_BODY;
  }

  queryPairs(): readonly Pair[] {
    return (this.#queryPairs ??= pairsOf(this.search));
  }

  query(name: string): string | undefined {
    return this.search === '' ? undefined : this.queryPairs().find(([known]) => known === name)?.[1];
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === 'string' || value === undefined ? value : value.join(', ');
  }

  headerPairs(): readonly Pair[] {
    if (this.#headerPairs !== undefined) return this.#headerPairs;
    const { rawHeaders } = this.#request.raw;
    const pairs: Pair[] = [];
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
    }
    return (this.#headerPairs = pairs);
  }

  text(): string {
    return (this.#text ??= utf8.decode(this.body));
  }
}
