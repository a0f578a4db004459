import { Environment } from '@marcbachmann/cel-js';
import { CONDITION_LIMITS } from '../limits.ts';

/**
 * Numbers of JSON are doubles, whole ones too; literals are integers. CEL itself compares them, but does not calculate
 * with them: `body.count + 1` would be refused for every request. So these overloads are ours.
 */
const ARITHMETIC = [
  ['+', (left: number, right: number) => left + right],
  ['-', (left: number, right: number) => left - right],
  ['*', (left: number, right: number) => left * right],
  ['/', (left: number, right: number) => left / right],
  ['%', (left: number, right: number) => left % right],
] as const;

const MIXED = [
  ['double', 'int'],
  ['int', 'double'],
] as const;

const base: Environment = new Environment({
  homogeneousAggregateLiterals: false,
  limits: {
    maxAstNodes: CONDITION_LIMITS.nodesMax,
    maxDepth: CONDITION_LIMITS.depthMax,
    maxListElements: CONDITION_LIMITS.elementsMax,
    maxMapEntries: CONDITION_LIMITS.elementsMax,
    maxCallArguments: CONDITION_LIMITS.argumentsMax,
  },
});

for (const [operator, calculate] of ARITHMETIC) {
  for (const [left, right] of MIXED) {
    base.registerOperator(`${left} ${operator} ${right}: double`, (a: number | bigint, b: number | bigint) =>
      calculate(Number(a), Number(b)),
    );
  }
}
base.registerOperator('double % double: double', (a: number, b: number) => a % b);

/** What an expression about a request may name. `headers` are by lower-case name. */
export const celEnvironment: Environment = base
  .clone()
  .registerVariable('body', 'dyn')
  .registerVariable('headers', 'map<string, string>')
  .registerVariable('query', 'map<string, string>')
  .registerVariable('trigger', 'map<string, dyn>')
  .registerVariable('params', 'map<string, string>')
  .registerVariable('now', 'google.protobuf.Timestamp');

/** What a key of a run may name. */
export const inputEnvironment: Environment = base.clone().registerVariable('input', 'dyn');
