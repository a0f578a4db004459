import { extname, isAbsolute, relative, resolve } from 'node:path';
import { AppError } from '@millrace/kernel';
import { type DeployReport, makeDeployer } from './deployer.ts';
import { type DeployOptions } from './shelf.ts';

/**
 * Brings the catalog to what a folder holds: new versions into service, what has no file any more out of it. A workflow that
 * is refused keeps the version before. Safe to repeat: what is in service already is not written again.
 *
 * @throws AppError `invalid` `deploy.no_folder` when the folder cannot be read: then nothing is removed.
 */
export const deployFolder = (options: DeployOptions): Promise<DeployReport> => makeDeployer(options).deploy();

export interface DeployFileOptions extends DeployOptions {
  /** A source or its `.yaml`: absolute, or relative to the folder. */
  readonly file: string;
}

/**
 * Deploys the workflow that one file of the folder belongs to, and leaves the others alone. A file that is gone takes its
 * workflow out of service.
 *
 * @throws AppError `invalid` `deploy.not_in_folder` when the file is elsewhere.
 */
export const deployFile = async ({ file, ...options }: DeployFileOptions): Promise<DeployReport> => {
  const within = relative(options.folder, resolve(options.folder, file)).replaceAll('\\', '/');
  if (within.startsWith('../') || isAbsolute(within)) {
    throw new AppError('invalid', 'deploy.not_in_folder', `${file} is not in the workflows folder ${options.folder}`);
  }
  const extension = extname(within);
  const path = extension === '' ? within : within.slice(0, -extension.length);
  return makeDeployer(options).deploy((candidate) => candidate === path);
};
