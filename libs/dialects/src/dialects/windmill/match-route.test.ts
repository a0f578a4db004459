import { expect, test } from 'vitest';
import { type BoundTrigger } from '../../trigger-directory.ts';
import { bestMatches, matchRoute, routeComplaints, shapeOf } from './match-route.ts';

test.each<[string, string, object | undefined]>([
  ['orders', 'orders', {}],
  ['/orders/', 'orders', {}],
  ['orders', 'orders/1', undefined],
  ['orders/:id', 'orders/1', { id: '1' }],
  ['orders/:id', 'orders/', undefined],
  ['orders/:id', 'orders', undefined],
  ['orders/:id/lines/:line', 'orders/a%2Fb/lines/2', { id: 'a/b', line: '2' }],
  ['files/*', 'files/a/b.txt', { '*': 'a/b.txt' }],
  ['files/*rest', 'files/a', { rest: 'a' }],
  ['files/*', 'files', undefined],
  ['orders', 'Orders', undefined],
])('%s and %s', (pattern, path, expected) => {
  expect(matchRoute(pattern, path)).toEqual(expected);
});

test('of several patterns the nearest one is meant', () => {
  const patterns = ['a/*', 'a/:x', 'a/b', ':y/b'];
  const declared = patterns.map((workflow) => ({ workflow }) as BoundTrigger);
  const best = (path: string) =>
    bestMatches(declared, ({ workflow }) => workflow, path).map(({ workflow }) => workflow);
  expect([best('a/b'), best('a/c'), best('a/c/d'), best('z/b'), best('z')]).toEqual([
    ['a/b'],
    ['a/:x'],
    ['a/*'],
    [':y/b'],
    [],
  ]);
});

test('patterns that the same paths fit have the same shape', () => {
  expect(shapeOf('/a/:id/*rest')).toBe(shapeOf('a/:name/*'));
  expect(shapeOf('a/:id')).not.toBe(shapeOf('a/id'));
});

test.each<[string, number]>([
  ['orders/:id/*', 0],
  ['orders//x', 1],
  ['orders/{id}', 1],
  ['a/*/b', 1],
  ['a/:x/:x', 1],
])('%s has %i faults', (pattern, faults) => {
  expect(routeComplaints(pattern)).toHaveLength(faults);
});
