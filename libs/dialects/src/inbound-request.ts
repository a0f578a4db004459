/** A part of a multipart body. A file was put into the object store before anybody looks at the part. */
export interface MultipartField {
  readonly name: string;
  readonly value: string;
}

export interface MultipartFile {
  readonly name: string;
  readonly filename: string;
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
  /** Name in the object store. */
  readonly object: string;
}

export interface MultipartBody {
  readonly fields: readonly MultipartField[];
  readonly files: readonly MultipartFile[];
}

export type Pair = readonly [name: string, value: string];

/** An HTTP request as it came. What costs something is read when it is asked for, once. */
export interface InboundRequest {
  /** Upper case. */
  readonly method: string;
  /** As written: neither decoded nor normalised, without the query. */
  readonly path: string;
  /** Parameters of the route's address, decoded; a wildcard is `*`. */
  readonly params: Readonly<Record<string, string>>;
  /** The query as written, without `?`; empty when there is none. */
  readonly search: string;
  /** First value of a query parameter, decoded. */
  readonly query: (name: string) => string | undefined;
  /** All query parameters in the order of the address. */
  readonly queryPairs: () => readonly Pair[];
  /** Value of a header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** All headers with the names as the client spelled them. */
  readonly headerPairs: () => readonly Pair[];
  /** The raw bytes; empty when there is no body. Not there yet when an address is resolved and credentials are read. */
  readonly body: Uint8Array;
  /** The bytes as UTF-8; what is no UTF-8 becomes U+FFFD. */
  readonly text: () => string;
  /** Present on routes that accept multipart, when the body is one. */
  readonly multipart: MultipartBody | undefined;
  /** Address of the caller, behind trusted proxies. */
  readonly from: string;
}

/** Media type of the body in lower case, without parameters; empty when none is said. */
export const mediaTypeOf = (request: Pick<InboundRequest, 'header'>): string =>
  (request.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
