import { WildcardPattern } from '../matching/wildcard-pattern.js';

/** What sudo and the dynamic linkers take away from strangers, and what interpreters, shells, git and pagers obey. */
const STEERING: readonly WildcardPattern[] = [
  // Where programs are found, who runs them, for whom
  ...['PATH', 'SHELL', 'HOME', 'USER', 'LOGNAME', 'USERNAME', 'TMPDIR', 'SSH_*', 'XDG_*'],
  // Shells
  ...['IFS', 'CDPATH', 'ENV', 'BASH_*', 'BASHOPTS', 'SHELLOPTS', 'GLOBIGNORE', 'PS?', 'PROMPT_COMMAND'],
  ...['FPATH', 'ZDOTDIR', 'NULLCMD', 'READNULLCMD'],
  // What is loaded into every program
  ...['LD_*', 'LDR_*', '_RLD*', 'DYLD_*', 'LIBPATH', 'SHLIB_PATH', 'GCONV_PATH', 'LOCPATH', 'NLSPATH', 'MALLOC_*'],
  ...['HOSTALIASES', 'LOCALDOMAIN', 'RES_OPTIONS', 'RESOLV_HOST_CONF', 'NIS_PATH', 'KRB5*', 'OPENSSL_*', 'SSL_*'],
  ...['TERMINFO', 'TERMINFO_DIRS', 'TERMPATH', 'TERMCAP', 'TZDIR'],
  // Interpreters
  ...['NODE_*', 'NPM_*', 'PYTHON*', 'PERL*', 'RUBY*', 'GEM_*', 'LUA_*', 'PHPRC', 'PHP_INI_SCAN_DIR'],
  ...['CLASSPATH', 'JAVA_*', 'JDK_*', '_JAVA_*', 'DOTNET_*'],
  // Programs that start others
  ...['GIT_*', 'RSYNC_*', 'EDITOR', 'VISUAL', 'PAGER', 'MANPAGER', 'BROWSER', 'LESS*'],
].map((pattern) => new WildcardPattern(pattern));

/**
 * Whether the variable says what a program loads or runs, or whom it takes its user for. In any case, since the variables
 * of Windows have none. No such list is ever complete.
 */
export function isSteeringVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return STEERING.some((pattern) => pattern.matches(upper));
}
