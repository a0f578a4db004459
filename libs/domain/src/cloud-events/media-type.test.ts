import { expect, test } from 'vitest';
import { acceptQuality, accepts } from './media-type.ts';

const CLOUDEVENTS = 'application/cloudevents+json';

test.each([
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['application/cloudevents+json', true],
  ['application/json;q=0.5, Application/CloudEvents+JSON; q=0.9', true],
  ['application/cloudevents+json;q=0', false],
  ['application/cloudevents-batch+json', false],
])('the header %s asks for CloudEvents by name: %s', (header, expected) => {
  expect(accepts(header, CLOUDEVENTS)).toBe(expected);
});

test.each([
  [undefined, 1],
  ['', 1],
  ['*/*;q=0.1', 0.1],
  ['application/*;q=0.2, */*', 0.2],
  ['application/cloudevents+json;q=0, */*', 0],
  ['text/html', 0],
])('the header %s wants CloudEvents with %d', (header, expected) => {
  expect(acceptQuality(header, CLOUDEVENTS)).toBe(expected);
});
