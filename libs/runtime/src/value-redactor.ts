import { secretForms } from './secret-forms.ts';

/** What stands in the place of a secret value. */
export const REDACTED_VALUE = '***';
/** So much of the beginning or end of a value is recognised at a place where a text was cut. */
const PART_LENGTH_MIN = 8;
/** Marks where a text was cut; whoever shortens a text that may hold a secret leaves it. */
export const CUT_MARK = '…';
/** Deeper JSON is not looked into: a value inside makes the whole unreadable instead. */
const DEPTH_MAX = 500;

/** A text that comes in pieces; what may be the beginning of a value is held back until it is clear. */
export interface RedactedStream {
  /** What is sure to be no secret so far. */
  readonly push: (text: string) => string;
  /** What was held back. */
  readonly end: () => string;
}

/** Takes the values of some secrets out of whatever is written. */
export interface ValueRedactor {
  readonly text: (text: string) => string;
  /** The same value, or a copy in which texts, keys and numbers are without secrets. */
  readonly json: (value: unknown) => unknown;
  readonly stream: () => RedactedStream;
}

interface Match {
  readonly start: number;
  readonly end: number;
}

/** A text that is looked for. */
interface Form {
  readonly text: string;
  /** For each of its beginnings the length of the longest shorter one that it ends with (Knuth, Morris, Pratt); made when first needed. */
  readonly borders: () => Int32Array;
}

const bordersOf = (text: string): Int32Array => {
  const borders = new Int32Array(text.length);
  let length = 0;
  for (let index = 1; index < text.length; index += 1) {
    while (length > 0 && text.charCodeAt(index) !== text.charCodeAt(length)) length = borders[length - 1] ?? 0;
    if (text.charCodeAt(index) === text.charCodeAt(length)) length += 1;
    borders[index] = length;
  }
  return borders;
};

const formOf = (text: string): Form => {
  let borders: Int32Array | undefined;
  return { text, borders: () => (borders ??= bordersOf(text)) };
};

/** Length of the longest ending of `text` after `from` that is a beginning of the form, but not all of it. Takes time in proportion to it. */
const matchedEnding = (text: string, from: number, { text: form, borders }: Form): number => {
  let length = 0;
  for (let index = from; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    while (length > 0 && unit !== form.charCodeAt(length)) length = borders()[length - 1] ?? 0;
    if (unit === form.charCodeAt(length)) length += 1;
  }
  return length;
};

/** Finds forms in one text from left to right; each form is searched for once. */
const makeFinder = (text: string, forms: readonly Form[]): ((from: number) => Match | undefined) => {
  const next = forms.map(() => -2);
  return (from) => {
    let best: Match | undefined;
    forms.forEach((form, index) => {
      const known = next[index] ?? -1;
      const start = known !== -1 && known < from ? (next[index] = text.indexOf(form.text, from)) : known;
      const isBetter = start !== -1 && (best === undefined || start < best.start);
      if (isBetter) best = { start, end: start + form.text.length }; // forms are sorted: the first at a place is the longest
    });
    return best;
  };
};

/** Where the longest ending of the text begins that is the beginning of a form, but not all of it. */
const openEnding = (text: string, from: number, forms: readonly Form[]): number =>
  forms.reduce((earliest, form) => {
    const start = Math.max(from, text.length - form.text.length + 1);
    return Math.min(earliest, text.length - matchedEnding(text, start, form));
  }, text.length);

const replaceAllForms = (text: string, forms: readonly Form[]): string => {
  const find = makeFinder(text, forms);
  let redacted = '';
  let at = 0;
  for (let match = find(0); match !== undefined; match = find(at)) {
    redacted += text.slice(at, match.start) + REDACTED_VALUE;
    at = match.end;
  }
  return at === 0 ? text : redacted + text.slice(at);
};

/** `…<end of a value>` and `<beginning of a value>…`: a text was shortened in the middle of one. */
const replaceCutForms = (text: string, forms: readonly Form[]): string => {
  if (!text.includes(CUT_MARK)) return text;
  return text
    .split(CUT_MARK)
    .map((part, index, parts) => {
      const isCutAfter = index < parts.length - 1;
      const headless = index > 0 ? withoutEndOfForm(part, forms) : part;
      return isCutAfter ? withoutBeginningOfForm(headless, forms) : headless;
    })
    .join(CUT_MARK);
};

const withoutBeginningOfForm = (text: string, forms: readonly Form[]): string => {
  const start = openEnding(text, 0, forms);
  return text.length - start >= PART_LENGTH_MIN ? text.slice(0, start) + REDACTED_VALUE : text;
};

const withoutEndOfForm = (text: string, forms: readonly Form[]): string => {
  const head = text.slice(0, PART_LENGTH_MIN);
  if (head.length < PART_LENGTH_MIN) return text;
  for (const { text: form } of forms) {
    for (let at = form.indexOf(head); at !== -1; at = form.indexOf(head, at + 1)) {
      const ending = form.slice(at);
      if (text.startsWith(ending)) return REDACTED_VALUE + text.slice(ending.length);
    }
  }
  return text;
};

const makeStream = (forms: readonly Form[]): RedactedStream => {
  let held = '';
  const push = (piece: string): string => {
    const text = held + piece;
    const find = makeFinder(text, forms);
    let redacted = '';
    let at = 0;
    let open = openEnding(text, 0, forms);
    for (;;) {
      if (open < at) open = openEnding(text, at, forms);
      const match = find(at);
      // At the same place a longer form may still come.
      if (match === undefined || open <= match.start) {
        held = text.slice(open);
        return redacted + text.slice(at, open);
      }
      redacted += text.slice(at, match.start) + REDACTED_VALUE;
      at = match.end;
    }
  };
  return {
    push,
    end: () => {
      const rest = withoutBeginningOfForm(replaceAllForms(held, forms), forms);
      held = '';
      return rest;
    },
  };
};

const makeJson = (redact: (text: string) => string): ((value: unknown) => unknown) => {
  const inside = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return redact(value);
    if (typeof value === 'number') return redact(String(value)) === String(value) ? value : REDACTED_VALUE;
    if (typeof value !== 'object' || value === null) return value;
    if (depth > DEPTH_MAX) return REDACTED_VALUE;
    if (Array.isArray(value)) return value.map((item) => inside(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [redact(key), inside(member, depth + 1)] as const),
    );
  };
  return (value) => inside(value, 0);
};

/** @param values Secrets; those that are too short to be told from ordinary text are left out. */
export const makeValueRedactor = (values: readonly string[]): ValueRedactor => {
  const texts = new Set(values.flatMap(secretForms));
  const forms = [...texts].sort((a, b) => b.length - a.length).map(formOf);
  const text = (one: string): string => replaceCutForms(replaceAllForms(one, forms), forms);
  return { text, json: makeJson(text), stream: () => makeStream(forms) };
};
