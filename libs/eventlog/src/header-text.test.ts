import { MsgHdrsImpl } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { headerText } from './header-text.ts';

test('what is encoded as text is read by the client as headers', () => {
  const encoded = headerText([
    ['Millrace-Position', '12.3'],
    ['ce-subject', 'run_1'],
  ]).encode();

  expect([...MsgHdrsImpl.decode(encoded)]).toEqual([
    ['Millrace-Position', ['12.3']],
    ['ce-subject', ['run_1']],
  ]);
});
