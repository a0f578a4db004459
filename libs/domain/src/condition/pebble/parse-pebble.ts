import { type AppError } from '@millrace/kernel';
import { placeOf, syntaxError } from '../condition-error.ts';
import { CONDITION_LIMITS } from '../limits.ts';
import { FILTER_NAMES, filterNode } from './pebble-filters.ts';
import { attributeNode, subscriptNode, VARIABLE_NAMES, variableNode } from './pebble-members.ts';
import { type PebbleNode } from './pebble-node.ts';
import { isUnary, OPERATORS, TEST_NAMES, testNode, unaryNode } from './pebble-operators.ts';
import { type PebbleToken, readTokens } from './pebble-tokens.ts';
import { needed, neededBoolean } from './pebble-value.ts';

/** A cursor over the tokens of one `{{ … }}`. */
interface Cursor {
  readonly source: string;
  readonly tokens: readonly PebbleToken[];
  at: number;
  depth: number;
}

const UNARY_PRECEDENCE = 500;
const FILTER_PRECEDENCE = 100;
const TEST_PRECEDENCE = 20;

const LITERALS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
  ['none', null],
]);

const current = ({ tokens, at }: Cursor): PebbleToken => tokens[at] ?? { type: 'end', value: '}}', at: 0 };
const is = (cursor: Cursor, value: string): boolean => {
  const token = current(cursor);
  return (token.type === 'sign' || token.type === 'word') && token.value === value;
};

const take = (cursor: Cursor): PebbleToken => {
  const token = current(cursor);
  cursor.at += 1;
  return token;
};

const takeIf = (cursor: Cursor, value: string): boolean => {
  const here = is(cursor, value);
  if (here) cursor.at += 1;
  return here;
};

const problem = ({ source }: Cursor, token: PebbleToken, message: string): AppError =>
  syntaxError(message, placeOf(source, token.at));

const expectSign = (cursor: Cursor, sign: string): void => {
  if (!takeIf(cursor, sign)) throw problem(cursor, current(cursor), `${sign} is missing`);
};

const parseList = (cursor: Cursor, closing: string): readonly PebbleNode[] => {
  const items: PebbleNode[] = [];
  while (!takeIf(cursor, closing)) {
    if (items.length > 0) expectSign(cursor, ',');
    items.push(parseExpression(cursor));
  }
  return items;
};

const listNode = (items: readonly PebbleNode[]): PebbleNode => ({
  evaluate: (context) => items.map((item) => needed(item.evaluate(context))),
});

const parseName = (cursor: Cursor, token: PebbleToken & { readonly type: 'word' }): PebbleNode => {
  const literal = LITERALS.get(token.value);
  if (literal !== undefined) return { evaluate: () => literal };
  if (is(cursor, '(')) throw problem(cursor, token, `the function ${token.value}() is not supported in a condition`);
  const variable = variableNode(token.value);
  if (variable !== undefined) return variable;
  throw problem(cursor, token, `${token.value} is not known to a condition, which has ${VARIABLE_NAMES.join(', ')}`);
};

const parsePrimary = (cursor: Cursor): PebbleNode => {
  const token = take(cursor);
  if (token.type === 'text' || token.type === 'number') return { evaluate: () => token.value };
  if (token.type === 'word') return parseName(cursor, { ...token, type: 'word' });
  if (token.value === '[') return listNode(parseList(cursor, ']'));
  if (token.value === '(') {
    const inside = parseExpression(cursor);
    expectSign(cursor, ')');
    return inside;
  }
  if (token.value === '{') throw problem(cursor, token, 'objects are not supported in a condition');
  throw problem(
    cursor,
    token,
    token.type === 'end' ? 'a value is missing before }}' : `${token.value} stands where a value should be`,
  );
};

const parseMember = (cursor: Cursor, owner: PebbleNode): PebbleNode => {
  const token = take(cursor);
  if (token.type !== 'word') throw problem(cursor, token, 'a name is missing behind the dot');
  if (is(cursor, '(')) throw problem(cursor, token, `the method ${token.value}() is not supported in a condition`);
  return attributeNode(owner, token.value);
};

const parsePostfix = (cursor: Cursor): PebbleNode => {
  let node = parsePrimary(cursor);
  for (let levels = 0; is(cursor, '.') || is(cursor, '['); levels += 1) {
    if (levels >= CONDITION_LIMITS.depthMax) throw problem(cursor, current(cursor), 'too many members of members');
    if (takeIf(cursor, '.')) node = parseMember(cursor, node);
    else {
      expectSign(cursor, '[');
      node = subscriptNode(node, parseExpression(cursor));
      expectSign(cursor, ']');
    }
  }
  return node;
};

const parseUnary = (cursor: Cursor): PebbleNode => {
  const token = current(cursor);
  if (token.type === 'text' || token.type === 'number' || !isUnary(token.value)) return parsePostfix(cursor);
  take(cursor);
  return unaryNode(token.value, parseBinary(cursor, UNARY_PRECEDENCE)) ?? parsePostfix(cursor);
};

const parseTest = (cursor: Cursor, value: PebbleNode): PebbleNode => {
  const inverted = takeIf(cursor, 'not');
  const token = take(cursor);
  const node = testNode(String(token.value), value, inverted);
  if (node !== undefined) return node;
  throw problem(cursor, token, `the test ${token.value} is not supported; there is ${TEST_NAMES.join(', ')}`);
};

const parseFilter = (cursor: Cursor, value: PebbleNode): PebbleNode => {
  const token = take(cursor);
  const parts = takeIf(cursor, '(') ? parseList(cursor, ')') : [];
  const node = filterNode(String(token.value), value, parts);
  if (typeof node === 'string') throw problem(cursor, token, node);
  if (node !== undefined) return node;
  throw problem(cursor, token, `the filter ${token.value} is not supported; there are ${FILTER_NAMES.join(', ')}`);
};

/** One operator with its right side; undefined when none that binds as tightly stands here. */
const parseOperation = (cursor: Cursor, left: PebbleNode, precedence: number): PebbleNode | undefined => {
  const { type, value } = current(cursor);
  if (type !== 'word' && type !== 'sign') return undefined;
  if (value === '|' && precedence <= FILTER_PRECEDENCE) return (take(cursor), parseFilter(cursor, left));
  if (value === 'is' && precedence <= TEST_PRECEDENCE) return (take(cursor), parseTest(cursor, left));
  const operator = OPERATORS.get(value);
  if (operator === undefined || operator.precedence < precedence) return undefined;
  take(cursor);
  const right = parseBinary(cursor, operator.precedence + 1);
  return { evaluate: (context) => operator.combine(left, right, context) };
};

const parseBinary = (cursor: Cursor, precedence: number): PebbleNode => {
  cursor.depth += 1;
  if (cursor.depth > CONDITION_LIMITS.depthMax) {
    throw problem(cursor, current(cursor), `nested deeper than ${CONDITION_LIMITS.depthMax} levels`);
  }
  let node = parseUnary(cursor);
  for (let next = parseOperation(cursor, node, precedence); next !== undefined;) {
    node = next;
    next = parseOperation(cursor, node, precedence);
  }
  cursor.depth -= 1;
  return node;
};

const parseExpression = (cursor: Cursor): PebbleNode => {
  const condition = parseBinary(cursor, 0);
  if (!takeIf(cursor, '?')) return condition;
  const yes = parseExpression(cursor);
  expectSign(cursor, ':');
  const no = parseExpression(cursor);
  return {
    evaluate: (context) => (neededBoolean(condition.evaluate(context), '?:') ? yes : no).evaluate(context),
  };
};

/** @param start behind the opening braces; `end` is behind the closing ones. */
export const parsePebble = (source: string, start: number): { readonly node: PebbleNode; readonly end: number } => {
  const { tokens, end } = readTokens(source, start);
  const cursor: Cursor = { source, tokens, at: 0, depth: 0 };
  if (tokens.length > CONDITION_LIMITS.nodesMax) {
    throw problem(cursor, current(cursor), `more than ${CONDITION_LIMITS.nodesMax} words and signs`);
  }
  const node = parseExpression(cursor);
  const rest = current(cursor);
  if (rest.type !== 'end') throw problem(cursor, rest, `${rest.value} is not supported here`);
  return { node, end };
};
