import { AppError } from '@millrace/kernel';
import { failedError, syntaxError } from '../condition-error.ts';
import { CONDITION_LIMITS } from '../limits.ts';
import { chargeDeep, type Meter, searchCost, shallowCost, textCost } from '../meter.ts';
import { compilePattern, type Pattern } from '../pattern/compile-pattern.ts';

/**
 * Puts a meter into a checked syntax tree of cel-js 8.0.0, and our linear matcher in place of its `matches`.
 *
 * The evaluator does all work that grows with the payload in a node's `handle`, with the operands as arguments; the checker sets it.
 * It is not documented: the version is pinned, a node without a `handle` is refused, and the tests show that the meter stops.
 *
 * I1 Work that grows with a value is charged before it is done. I2 A loop charges its steps times the nodes in it.
 */
interface TreeNode {
  readonly op: string;
  readonly args: unknown;
  readonly meta: { readonly alternate?: TreeNode; readonly macro?: object };
  handle?: Handle;
}
type Handle = (...operands: readonly unknown[]) => unknown;

const METERED_OPERATORS = new Set(['==', '!=', 'in', '+', '<', '<=', '>', '>=', 'call', 'rcall', 'comprehension']);
const SEARCHES = new Set(['contains', 'indexOf', 'lastIndexOf', 'split']);
/** They parse into plain objects, whose inherited members the evaluator would compare. */
const REFUSED_METHODS = new Set(['json']);
const TIME_ZONE_COST = 500;
const CHARACTERS_PER_UNIT = 4;

const isNode = (value: unknown): value is TreeNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'meta' in value;

/** What may hold nodes: lists of arguments, pairs of a map literal, and the parts of macros and comprehensions. */
const partsOf = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== 'object' || value === null || isNode(value)) return [];
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : [];
};

const visit = (value: unknown, seen: Set<unknown>, found: (node: TreeNode) => void): void => {
  if (seen.has(value)) return;
  if (typeof value === 'object' && value !== null) seen.add(value);
  for (const part of partsOf(value)) visit(part, seen, found);
  if (!isNode(value)) return;
  const { alternate, macro } = value.meta;
  if (alternate === undefined) found(value);
  for (const part of alternate === undefined ? [macro, value.args] : [alternate]) visit(part, seen, found);
};

const nodesIn = (value: unknown): readonly TreeNode[] => {
  const nodes: TreeNode[] = [];
  visit(value, new Set(), (node) => nodes.push(node));
  return nodes;
};

const chargeEqual = (meter: Meter, left: unknown, right: unknown): void => {
  if (typeof left === 'object' && typeof right === 'object') chargeDeep(meter, left);
  else meter.charge(Math.min(shallowCost(left), shallowCost(right)));
};

const chargeIn = (meter: Meter, left: unknown, right: unknown): void => {
  meter.charge(shallowCost(right));
  if (Array.isArray(right) && typeof left === 'object') chargeDeep(meter, right);
};

const chargeJoined = (meter: Meter, left: unknown, right: unknown): void => {
  meter.charge(shallowCost(left) + shallowCost(right));
  if (typeof left !== 'string' || typeof right !== 'string') return;
  if (left.length + right.length > CONDITION_LIMITS.textLengthMax) {
    throw failedError(`a text of more than ${CONDITION_LIMITS.textLengthMax} characters`);
  }
};

const chargeText = (meter: Meter, value: unknown): void => {
  if (typeof value === 'string') meter.charge(Math.ceil(value.length / CHARACTERS_PER_UNIT));
  else if (Array.isArray(value)) chargeDeep(meter, value);
  else meter.charge(shallowCost(value));
};

const chargeSearch = (meter: Meter, text: unknown, sought: unknown): void => {
  if (typeof text === 'string' && typeof sought === 'string') meter.charge(searchCost(text.length, sought.length));
};

const chargeJoin = (meter: Meter, list: unknown, separator: unknown): void => {
  if (Array.isArray(list) && typeof separator === 'string') meter.charge(textCost(list.length * separator.length));
};

const chargeCall = (meter: Meter, name: string, operands: readonly unknown[]): void => {
  const [first, second] = operands;
  if (SEARCHES.has(name)) chargeSearch(meter, first, second);
  if (name === 'join') chargeJoin(meter, first, second);
  if (first instanceof Date && operands.length > 1) meter.charge(TIME_ZONE_COST);
  // A search reads its operands as fast as memory; everything else makes something of each character.
  if (SEARCHES.has(name) && name !== 'split') return;
  for (const operand of operands) chargeText(meter, operand);
};

const matcherFor = (node: TreeNode, meter: Meter): Handle => {
  const [, , [patternNode]] = node.args as [string, TreeNode, [TreeNode]];
  const fixed: Pattern | undefined =
    patternNode.op === 'value' && typeof patternNode.args === 'string' ? compilePattern(patternNode.args) : undefined;
  return (operands) => {
    const [text, source] = operands as readonly unknown[];
    if (typeof text !== 'string' || typeof source !== 'string') throw failedError('matches() needs two texts');
    meter.charge(fixed === undefined ? source.length : 0);
    const pattern = fixed ?? compileGiven(source);
    meter.charge(fixed === undefined ? pattern.instructions : 0);
    return pattern.run(text, { scope: 'part', onSteps: (steps) => meter.charge(steps) }).matched;
  };
};

/** A pattern that came with the request: its problem is the request's, and its text stays out of the message. */
const compileGiven = (source: string): Pattern => {
  try {
    return compilePattern(source);
  } catch (cause) {
    throw cause instanceof AppError
      ? failedError('matches() was given a regular expression that is not supported')
      : cause;
  }
};

const chargeLoop = (meter: Meter, items: unknown, stepNodes: number): void => {
  meter.charge(Math.max(1, shallowCost(items)) * stepNodes);
};

const meteredHandle = (node: TreeNode, meter: Meter, inner: Handle): Handle => {
  switch (node.op) {
    case 'call':
    case 'rcall': {
      const [name] = node.args as [string];
      if (name === 'matches') return matcherFor(node, meter);
      return (...all) => {
        chargeCall(meter, name, all[0] as readonly unknown[]);
        return inner(...all);
      };
    }
    case 'comprehension': {
      const stepNodes = nodesIn((node.args as { readonly step: TreeNode }).step).length + 1;
      return (...all) => {
        chargeLoop(meter, all[0], stepNodes);
        return inner(...all);
      };
    }
    default: {
      const charge = node.op === '+' ? chargeJoined : node.op === 'in' ? chargeIn : chargeEqual;
      return (...all) => {
        charge(meter, all[0], all[1]);
        return inner(...all);
      };
    }
  }
};

const refuse = (node: TreeNode): void => {
  const name: unknown = node.op === 'rcall' ? (node.args as readonly unknown[])[0] : undefined;
  if (typeof name === 'string' && REFUSED_METHODS.has(name)) throw syntaxError(`${name}() is not supported`);
};

/**
 * @param tree of an expression that was checked, not used yet.
 * @throws AppError `invalid` `condition.syntax` for a method or a regular expression that is not supported; `bug` when the tree is not as expected.
 */
export const meterTree = (tree: unknown, meter: Meter): void => {
  for (const node of nodesIn(tree)) {
    refuse(node);
    if (!METERED_OPERATORS.has(node.op) || node.meta.macro !== undefined) continue;
    const inner = node.handle;
    if (inner === undefined) throw new AppError('bug', 'condition.unmetered', `the node ${node.op} cannot be metered`);
    node.handle = meteredHandle(node, meter, inner);
  }
};
