import { messageOf } from '@millrace/kernel';
import { isMap, isNode, isScalar, isSeq, LineCounter, type Document, parseDocument } from 'yaml';
import { metadataComplaints } from './check-metadata.ts';
import { type Fault } from './fault.ts';
import { type Metadata, MetadataFileSchema } from './metadata.ts';

export type MetadataReading =
  | { readonly outcome: 'ready'; readonly metadata: Metadata }
  | { readonly outcome: 'refused'; readonly faults: readonly Fault[] };

const ALIASES_MAX = 100;

interface Step {
  readonly node: unknown;
  readonly offset: number;
}

/** One key further down: placed at the key in a mapping, at the item in a sequence. */
const stepInto = ({ node, offset }: Step, key: string): Step | undefined => {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    return pair && { node: pair.value, offset: isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset };
  }
  if (!isSeq(node)) return undefined;
  const item = node.items[Number(key)];
  return { node: item, offset: isNode(item) ? (item.range?.[0] ?? offset) : offset };
};

/** Offset of the deepest node that `keys` lead to. */
const offsetOf = (document: Document, keys: readonly string[]): number => {
  let step: Step = { node: document.contents, offset: 0 };
  for (const key of keys) {
    const next = stepInto(step, key);
    if (next === undefined) break;
    step = next;
  }
  return step.offset;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a document says, or why it cannot be unfolded: an alias that names nothing, or a bomb of them. */
const valueOf = (document: Document): { readonly value: unknown } | { readonly reason: string } => {
  try {
    return { value: document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {} };
  } catch (error) {
    return { reason: messageOf(error) };
  }
};

/** Keys of a file that are called otherwise in code. */
const NAMES_IN_CODE: ReadonlyMap<string, string> = new Map([
  ['on_limit', 'onLimit'],
  ['queue_limit', 'queueLimit'],
  ['delete_after_use', 'deleteAfterUse'],
  ['max_wait', 'maxWait'],
]);

const renamed = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([name, member]) => [NAMES_IN_CODE.get(name) ?? name, member]));

const asInCode = (value: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const { debounce } = value;
  return renamed({ ...value, ...(isRecord(debounce) && { debounce: renamed(debounce) }) });
};

/** Reads the metadata beside a workflow. An empty file says nothing and is fine. */
export const readMetadata = (text: string, file: string, workflow = ''): MetadataReading => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faultAt = (offset: number, reason: string): Fault => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), reason };
  };
  if (document.errors.length > 0) {
    return { outcome: 'refused', faults: document.errors.map(({ pos, message }) => faultAt(pos[0], message)) };
  }
  const unfolded = valueOf(document);
  if ('reason' in unfolded) return { outcome: 'refused', faults: [faultAt(0, unfolded.reason)] };
  const { value } = unfolded;
  if (!isRecord(value)) return { outcome: 'refused', faults: [faultAt(0, 'metadata is a mapping of keys to values')] };
  const complaints = metadataComplaints(MetadataFileSchema, value, workflow);
  if (complaints.length > 0) {
    return {
      outcome: 'refused',
      faults: complaints.map(({ keys, reason }) => faultAt(offsetOf(document, keys), reason)),
    };
  }
  return { outcome: 'ready', metadata: asInCode(value) };
};
