import { AppError } from '@millrace/kernel';
import { failedError, syntaxError } from '../condition-error.ts';
import { compileGiven } from '../given-pattern.ts';
import { CONDITION_LIMITS } from '../limits.ts';
import { makeErrorsCheap } from './cel-errors.ts';
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
  readonly meta: { readonly alternate?: TreeNode; readonly macro?: Evaluable; readonly evaluate: Evaluate };
  evaluate: Evaluate;
  handle?: Handle;
  pos?: number;
  readonly end?: number;
}
type Evaluate = (evaluator: unknown, node: unknown, context: unknown) => unknown;
interface Evaluable {
  evaluate: Evaluate;
}
type Handle = (...operands: readonly unknown[]) => unknown;

const METERED_OPERATORS = new Set(['==', '!=', 'in', '+', '<', '<=', '>', '>=', 'call', 'rcall', 'comprehension']);
const SEARCHES = new Set(['contains', 'indexOf', 'lastIndexOf', 'split']);
/** They parse into plain objects, whose inherited members the evaluator would compare. */
const REFUSED_METHODS = new Set(['json']);
const TIME_ZONE_COST = 3_000;
const CHARACTERS_PER_UNIT = 4;
/** Of an error that CEL goes on behind: `||`, `&&`, `all` and `exists` may meet one in each step. */
const ERROR_COST = 25;
/** Of the same error, one `||` or `&&` further out. */
const RETHROWN_COST = 8;

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
  found(value);
  for (const part of alternate === undefined ? [macro, value.args] : [alternate]) visit(part, seen, found);
};

const allNodesIn = (value: unknown): readonly TreeNode[] => {
  const nodes: TreeNode[] = [];
  visit(value, new Set(), (node) => nodes.push(node));
  return nodes;
};

/** Those that are evaluated: in place of a macro stands what it was expanded to. */
const nodesIn = (value: unknown): readonly TreeNode[] =>
  allNodesIn(value).filter(({ meta }) => meta.alternate === undefined);

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
  if (name === 'size' && typeof first !== 'string') {
    meter.charge(1);
    return;
  }
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
    const pattern = fixed ?? compileGiven(source, meter, 'matches()');
    return pattern.run(text, { scope: 'part', onSteps: (steps) => meter.charge(steps) }).matched;
  };
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

/**
 * Makes a node whose errors CEL goes on behind pay for them, and stop at once when the evaluation is over its cost.
 * The evaluator calls `evaluate` of the node; its own would put itself in place of this one, so what it stands for is called.
 */
const payForErrors = (node: TreeNode, meter: Meter, paid: { error?: unknown }): void => {
  const { alternate, macro, evaluate } = node.meta;
  const target = alternate ?? macro;
  const inner: Evaluate =
    target === undefined ? evaluate : (evaluator, _node, context) => target.evaluate(evaluator, target, context);
  node.evaluate = (evaluator, self, context) => {
    meter.charge(0);
    try {
      return inner(evaluator, self, context);
    } catch (error) {
      meter.charge(error === paid.error ? RETHROWN_COST : ERROR_COST);
      paid.error = error;
      throw error;
    }
  };
};

/** Left operands of `||` and `&&`, and the steps of `all` and `exists`. */
const forgivenIn = (node: TreeNode): TreeNode | undefined => {
  if (node.op === '||' || node.op === '&&') return (node.args as readonly TreeNode[])[0];
  if (node.op !== 'comprehension') return undefined;
  const { step, errorsAreFatal } = node.args as { readonly step: TreeNode; readonly errorsAreFatal?: boolean };
  return errorsAreFatal === true ? undefined : step;
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
  const paid: { error?: unknown } = {};
  for (const node of allNodesIn(tree)) makeErrorsCheap(node);
  for (const node of nodesIn(tree)) {
    refuse(node);
    const forgiven = forgivenIn(node);
    if (forgiven !== undefined) payForErrors(forgiven, meter, paid);
    if (!METERED_OPERATORS.has(node.op) || node.meta.macro !== undefined) continue;
    const inner = node.handle;
    if (inner === undefined) throw new AppError('bug', 'condition.unmetered', `the node ${node.op} cannot be metered`);
    node.handle = meteredHandle(node, meter, inner);
  }
};
