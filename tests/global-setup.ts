export { setup } from '@millrace/testkit';
