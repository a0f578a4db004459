import { type Trigger } from '@millrace/contracts';
import { expect, test } from 'vitest';
import { routeExample } from './http-routes.ts';

const trigger = (change: Partial<Trigger>): Trigger => ({
  id: 'orders',
  dialect: 'windmill',
  address: { route: 'orders/:id/*' },
  methods: ['GET', 'POST'],
  auth: 'token',
  mode: 'sync',
  enabled: true,
  ...change,
});

test('the example of a route has names where its parameters are, and what its callers show', () => {
  expect(routeExample(trigger({}), 'default')).toEqual({
    trigger: 'orders',
    title: 'route orders',
    method: 'POST',
    path: '/api/r/orders/id/rest',
    headers: { authorization: 'Bearer $MILLRACE_TOKEN', 'content-type': 'application/json' },
    body: '{}',
  });
  const open = trigger({ methods: ['GET'], auth: 'public', address: { route: 'files', workspaced: true } });
  expect(routeExample(open, 'default')).toMatchObject({ method: 'GET', path: '/api/r/default/files', headers: {} });
});
