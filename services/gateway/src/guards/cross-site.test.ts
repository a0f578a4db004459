import { expect, test } from 'vitest';
import { checkCrossSite, type PageHeaders } from './cross-site.ts';

const isRefused = (headers: Partial<PageHeaders>): boolean => {
  try {
    checkCrossSite({ host: '127.0.0.1:8080', origin: undefined, site: undefined, ...headers });
    return false;
  } catch {
    return true;
  }
};

test.each<Partial<PageHeaders>>([
  {},
  { site: 'same-origin', origin: 'http://127.0.0.1:8080' },
  { site: 'none' },
  { origin: 'http://127.0.0.1:8080' },
  { host: 'Hooks.Example:443', origin: 'http://hooks.example:443' },
  { host: 'hooks.example', origin: 'https://hooks.example' },
  // A proxy may call us by another name; the browser has compared already.
  { host: 'internal', origin: 'https://hooks.example', site: 'same-origin' },
])('%j is of this origin, or of no page', (headers) => {
  expect(isRefused(headers)).toBe(false);
});

test.each<Partial<PageHeaders>>([
  { site: 'cross-site' },
  { site: 'same-site' },
  { site: 'same-site', origin: 'http://127.0.0.1:3000' },
  { site: '' },
  { site: 'same-origin, cross-site' },
  { origin: 'http://127.0.0.1:3000' },
  { origin: 'http://evil.test' },
  { origin: 'null' },
  { origin: '' },
  { host: undefined, origin: 'http://evil.test' },
])('%j is of another one (A23)', (headers) => {
  expect(isRefused(headers)).toBe(true);
});
