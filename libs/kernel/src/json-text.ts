import { AppError } from './errors.ts';

/** Deeper or longer JSON is answered 400. */
export const JSON_DEPTH_MAX = 64;
/** Members of all objects together. */
export const JSON_KEYS_MAX = 10_000;
/** Lists and objects together. */
export const JSON_CONTAINERS_MAX = 100_000;
/** Commas outside of texts: elements of lists, and members. */
export const JSON_VALUES_MAX = 1_000_000;

/** What a text may hold. */
export interface JsonBounds {
  readonly depth: number;
  readonly keys: number;
}

const BODY: JsonBounds = { depth: JSON_DEPTH_MAX, keys: JSON_KEYS_MAX };

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** With a shorter text the parser is done before it could be in anybody's way; what it made is checked afterwards. */
const CHECKED_FROM_CHARS = 16_384;

export const tooDeep = (max: number): AppError =>
  new AppError('invalid', 'body.too_deep', `the body nests deeper than ${max} levels`);

export const tooMany = (max: number, what: 'members' | 'values' | 'lists and objects' | 'fields'): AppError =>
  new AppError('invalid', 'body.too_many_members', `the body has more than ${max} ${what}`);

/** The index of the quote that ends the string whose first character is at `start`; the end of the text when none does. */
const endOfString = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
};

/** What was found of a text so far. */
interface Shape {
  depth: number;
  containers: number;
  keys: number;
  values: number;
}

const open = (shape: Shape, bounds: JsonBounds): void => {
  if ((shape.depth += 1) > bounds.depth) throw tooDeep(bounds.depth);
  if ((shape.containers += 1) > JSON_CONTAINERS_MAX) throw tooMany(JSON_CONTAINERS_MAX, 'lists and objects');
};

const count = (code: number, shape: Shape, bounds: JsonBounds): void => {
  switch (code) {
    case LIST:
    case OBJECT:
      open(shape, bounds);
      break;
    case LIST_END:
    case OBJECT_END:
      shape.depth -= 1;
      break;
    case COLON:
      if ((shape.keys += 1) > bounds.keys) throw tooMany(bounds.keys, 'members');
      break;
    case COMMA:
      if ((shape.values += 1) > JSON_VALUES_MAX) throw tooMany(JSON_VALUES_MAX, 'values');
      break;
  }
};

/**
 * Bounds what a long text would make of itself, before it is parsed: a megabyte of brackets keeps the parser, and whoever walks through the
 * result, for so long that all other callers notice. What is no JSON is left to the parser.
 *
 * @throws AppError `invalid` `body.too_deep`, `body.too_many_members`.
 */
export const checkJsonText = (text: string, bounds: JsonBounds = BODY): void => {
  if (text.length < CHECKED_FROM_CHARS) return;
  const shape: Shape = { depth: 0, containers: 0, keys: 0, values: 0 };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at + 1);
    else count(code, shape, bounds);
  }
};
