/** What is said of an option, an environment variable or a key of the config file whose value was refused. */
const refusedOption = /(option '--(?:admin-)?token <token>' (?:argument|value) ')([^]*)( is invalid)/;
const fromEnvironment = /' from env '[A-Z_]+'$/;
const refusedKey = /("(?:admin-)?token" is )[^]*(: A token is)/;
const refusedKind = /("(?:admin-)?token" must be [^]*, found )[^]*/;

/** The user name and password of a URL. */
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi;

/** An error's text without the secrets that it was made of: a token that was refused, a password in a URL. */
export function withoutSecrets(text: string): string {
  return text
    .replace(refusedOption, (_, before: string, value: string, after: string) => {
      const from = fromEnvironment.exec(value)?.[0] ?? "'";
      return `${before}***${from}${after}`;
    })
    .replace(refusedKey, "$1***$2")
    .replace(refusedKind, "$1***")
    .replaceAll(userInfo, "$1***@");
}
