import { expect, test } from 'vitest';
import { sampleInput } from './curl-line.ts';

test.each([
  [undefined, {}],
  [{ type: 'object', properties: { name: { type: 'string' }, loud: { type: 'boolean' } } }, { name: 'you' }],
  [
    { required: ['count', 'kind'], properties: { count: { type: 'integer' }, kind: { enum: ['a', 'b'] }, other: {} } },
    { count: 1, kind: 'a' },
  ],
  [{ required: ['url'], properties: { url: { type: 'string', examples: ['http://a'] } } }, { url: 'http://a' }],
  [{ required: ['unknown'] }, { unknown: 'you' }],
])('of %j is %j', (schema, input) => {
  expect(sampleInput(schema)).toEqual(input);
});
