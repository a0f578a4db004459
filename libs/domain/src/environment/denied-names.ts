/**
 * Variables that make an interpreter, the loader or a common tool run code, read other files or talk to another host. They are refused even
 * when a workflow declares them: this is the second wall behind the declaration. Compared without regard to case, because some programs
 * (`http_proxy`, `npm_config_…`) do so too, and nobody needs the difference.
 *
 * @see attack A16: an environment from a request is code execution unless it is bounded.
 */
const PREFIXES: readonly string[] = [
  // the dynamic loader and the C library
  'LD_',
  'DYLD_',
  'GCONV_',
  'GLIBC_',
  'MALLOC_',
  // shells
  'BASH_',
  'ZSH_',
  // interpreters, virtual machines and their package managers
  'NODE_',
  'NPM_',
  'YARN_',
  'PNPM_',
  'COREPACK_',
  'BUN_',
  'DENO_',
  'PYTHON',
  'PIP_',
  'UV_',
  'PERL',
  'RUBY',
  'GEM_',
  'BUNDLE_',
  'JAVA_',
  '_JAVA_',
  'JDK_',
  'JULIA_',
  'LUA_',
  'PHP',
  'DOTNET_',
  'CORECLR_',
  'COMPLUS_',
  'RUSTC_',
  'CARGO_',
  'ELECTRON_',
  'EMACS',
  'GUILE_',
  'NIX_',
  // tools that start other programs or choose whom to trust
  'GIT_',
  'SSH_',
  'SSL_',
  'OPENSSL_',
  'CURL_',
  'DOCKER_',
  'RSYNC_',
  'XDG_',
  // what Millrace itself gives to a run
  'OTEL_',
  'MILLRACE_',
];

const NAMES: ReadonlySet<string> = new Set([
  // where programs and files are found
  'PATH',
  'HOME',
  'TMPDIR',
  'TMP',
  'TEMP',
  'PWD',
  'OLDPWD',
  'CDPATH',
  'FPATH',
  'MANPATH',
  'LOCPATH',
  'NLSPATH',
  'TZDIR',
  'TERMCAP',
  'TERMINFO',
  'ZDOTDIR',
  // shells
  'ENV',
  'IFS',
  'PS1',
  'PS2',
  'PS3',
  'PS4',
  'SHELL',
  'SHELLOPTS',
  'BASHOPTS',
  'GLOBIGNORE',
  'PROMPT_COMMAND',
  // virtual machines
  'CLASSPATH',
  'MAVEN_OPTS',
  'GRADLE_OPTS',
  'GOFLAGS',
  'GOROOT',
  'GOPROXY',
  'RUSTFLAGS',
  'TCLLIBPATH',
  'R_PROFILE',
  'R_PROFILE_USER',
  'R_ENVIRON',
  'R_ENVIRON_USER',
  'R_LIBS',
  'R_LIBS_USER',
  // tools that start other programs
  'EDITOR',
  'VISUAL',
  'PAGER',
  'MANPAGER',
  'BROWSER',
  'LESSOPEN',
  'LESSCLOSE',
  'MAKEFLAGS',
  'CC',
  'CXX',
  'TAR_OPTIONS',
  'SUDO_ASKPASS',
  'VIMINIT',
  'GVIMINIT',
  'EXINIT',
  // files that say what a tool starts or whom it talks to
  'INPUTRC',
  'WGETRC',
  'SYSTEM_WGETRC',
  'KUBECONFIG',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'PGSERVICEFILE',
  'PGSYSCONFDIR',
  // whom a program talks to, and whom it trusts
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'FTP_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'REQUESTS_CA_BUNDLE',
  'AWS_CA_BUNDLE',
  'SSLKEYLOGFILE',
  'HOSTALIASES',
  'LOCALDOMAIN',
  'RES_OPTIONS',
  'RESOLV_HOST_CONF',
  'GETCONF_DIR',
  // the trace of the run
  'TRACEPARENT',
  'TRACESTATE',
  'BAGGAGE',
  // no variable at all, but the way to the prototype of an object
  '__PROTO__',
]);

/** Whether a variable of this name may never come from outside. */
export const isDeniedName = (name: string): boolean => {
  const upper = name.toUpperCase();
  return NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix));
};
