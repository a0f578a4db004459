import { type TSchema } from 'typebox';
import { Value } from 'typebox/value';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  /** Present where other listeners have it. */
  readonly servers?: readonly { readonly url: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: TSchema }>> }>
  >;
}

interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** An answer of the server, as it came. */
export interface SeenAnswer {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  /** Media type with parameters; `null` without a body. */
  readonly contentType: string | null;
  readonly text: string;
}

/** Compares what a server answers with what it says in `GET /openapi.json` that it answers. */
export interface DescribedAnswers {
  readonly check: (answer: SeenAnswer) => void;
  /** What was answered and not described so, once each. */
  readonly complaints: () => readonly string[];
  /**
   * Operations of these tags of which no answer below 300 was seen, but for those that are others at another address or by another method,
   * and for preflights.
   */
  readonly unseen: (tags: readonly string[]) => readonly string[];
}

const familyOf = (operationId: string): string =>
  operationId.replace(/By(?:GET|PUT|PATCH|DELETE)$/, '').replaceAll(/WithLogin|OfTenant|V1$|V1(?=Preflight)/g, '');

const isPreflight = (operationId: string): boolean => /preflight|handshake/i.test(operationId);

interface Place {
  readonly operation: Operation;
  readonly method: string;
  readonly pattern: RegExp;
  /** Characters that are written out: `/a/{id}/logs` means more than `/a/{path}`. */
  readonly weight: number;
}

/** A parameter at the end may hold slashes: that of a wildcard does. */
const patternOf = (template: string): RegExp => {
  const pieces = template.split(/(\{\w+\})/).filter((piece) => piece !== '');
  const written = pieces.map((piece, index) => {
    if (!/^\{\w+\}$/.test(piece)) return piece.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return index === pieces.length - 1 ? '.*' : '[^/]+';
  });
  return new RegExp(`^${written.join('')}$`);
};

const placesOf = ({ paths }: OpenApiDocument): readonly Place[] =>
  Object.entries(paths)
    .flatMap(([template, operations]) =>
      Object.entries(operations)
        .filter(([, { servers }]) => servers?.every(({ url }) => url !== '/') !== true)
        .map(([method, operation]) => ({
          operation,
          method: method.toUpperCase(),
          pattern: patternOf(template),
          weight: template.replaceAll(/\{\w+\}/g, '').length,
        })),
    )
    .toSorted((a, b) => b.weight - a.weight);

const isJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json$/.test(type);

const typeOf = ({ contentType }: SeenAnswer): string => {
  const [type = ''] = (contentType ?? '').split(';', 1);
  return type.trim().toLowerCase();
};

type Content = Operation['responses'][string]['content'];

const schemaErrors = (schema: TSchema | undefined, text: string): readonly string[] =>
  schema === undefined
    ? []
    : Value.Errors(schema, JSON.parse(text)).map(({ instancePath, message }) => `${instancePath} ${message}`);

const complaintsOf = ({ operation: { responses } }: Place, answer: SeenAnswer): readonly string[] => {
  const { status, text } = answer;
  const response = responses[status] ?? responses['default'];
  if (response === undefined) return [`${status} is not described`];
  if (text === '') return [];
  const type = typeOf(answer);
  const described = (content: Content) => content?.[type] ?? content?.['*/*'];
  const found = described(response.content);
  if (found === undefined) return [`${status} as ${type} is not described`];
  if (!isJson(type)) return [];
  const errors = schemaErrors(found.schema, text);
  // A workflow may choose a status that is one of errors as well, where the description says of its type what that looks like.
  const chosen = responses['default']?.content?.[type];
  const isChosen = chosen !== undefined && schemaErrors(chosen.schema, text).length === 0;
  return isChosen ? [] : errors.map((error) => `${status} as ${type}: ${error}`);
};

/** @param document as `GET /openapi.json` answers. */
export const makeDescribedAnswers = (document: unknown): DescribedAnswers => {
  const places = placesOf(document as OpenApiDocument);
  const complaints = new Set<string>();
  const succeeded = new Set<string>();
  return {
    check: (answer) => {
      const [path = ''] = answer.path.split('?', 1);
      const place = places.find(({ method, pattern }) => method === answer.method && pattern.test(path));
      if (place === undefined) return;
      const { operationId } = place.operation;
      if (answer.status < 300) succeeded.add(familyOf(operationId));
      for (const complaint of complaintsOf(place, answer)) {
        complaints.add(`${operationId} (${answer.method} ${path}): ${complaint}`);
      }
    },
    complaints: () => [...complaints].sort(),
    unseen: (tags) => {
      const own = places.filter(({ operation }) => operation.tags.some((tag) => tags.includes(tag)));
      const families = new Set(own.map(({ operation }) => familyOf(operation.operationId)));
      return [...families].filter((family) => !isPreflight(family) && !succeeded.has(family)).sort();
    },
  };
};
