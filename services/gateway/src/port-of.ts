import { type Server } from 'node:http';

/** The port that was taken, where the configuration left it open. */
export const portOf = (server: Server): number => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('the server listens on no port');
};
