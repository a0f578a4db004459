import { type Trigger } from '@millrace/contracts';

/** A trigger for tokens by POST, but for what a test says. */
export const triggerOf = (differs: Partial<Trigger> = {}): Trigger => ({
  id: 't',
  dialect: 'test',
  address: {},
  methods: ['POST'],
  auth: 'token',
  mode: 'async',
  enabled: true,
  ...differs,
});
