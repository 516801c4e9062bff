// Says what to do about errors of a deployment: docs/deploy.md has the table.

/** An error that AWS or Pulumi is known to give, and its cure. */
interface Known {
  pattern: RegExp;
  /** @param found The pattern's groups. */
  explain(found: RegExpExecArray): string;
}

const AGAIN = "Then run the same command again: it goes on from here";

const KNOWN: Known[] = [
  {
    pattern: /not authorized to perform: ([\w-]+:\w+)/,
    explain: ([, right]) =>
      `these AWS credentials lack the right ${right}. Use those of an administrator, or have the right added. ${AGAIN}`,
  },
  {
    pattern: /Function already exists?: ([\w-]+)/,
    explain: ([, name]) =>
      `the account has a Lambda ${name} in this region already, perhaps of another stack. ` +
      `Give this one another name: --function ${name}2`,
  },
  {
    pattern: /Log Group \((\S+)\)[\s\S]*?ResourceAlreadyExistsException/,
    explain: ([, name]) =>
      `the log group ${name} is there already. If another relay writes to it, give this one another name ` +
      "by --function NAME. If it is left from a Lambda that was deleted, remove it by " +
      `aws logs delete-log-group --log-group-name ${name}. ${AGAIN}`,
  },
  {
    pattern: /EntityAlreadyExists[\s\S]*?name ([\w-]+) already exists/,
    explain: ([, name]) =>
      `the account has ${name} in IAM already, perhaps of another stack. Give the relay another name: --function NAME`,
  },
  {
    pattern: /ExpiredToken|security token[^.]* is expired/i,
    explain: () =>
      `the AWS credentials have expired meanwhile. aws sso login or aws login renews them. ${AGAIN}`,
  },
  {
    pattern: /AccessDenied/,
    explain: () => `these AWS credentials lack a right. Use those of an administrator. ${AGAIN}`,
  },
  {
    pattern: /incorrect passphrase/,
    explain: () =>
      "the passphrase is not that of the state. It is in the file passphrase of the project's folder, " +
      "or PULUMI_CONFIG_PASSPHRASE has another one",
  },
  {
    pattern: /no resource plugin|(?:could not|failed to)[\w ]*(?:download|install)[\w ]*plugin/i,
    explain: () => `Pulumi cannot download its AWS plugin. Is there a network? ${AGAIN}`,
  },
];

/**
 * Explains why a deployment has failed.
 *
 * @param troubles The errors that Pulumi has told.
 * @param otherwise What its command has said, if it told none.
 */
export function explainTrouble(troubles: string[], otherwise: string): string {
  for (const { pattern, explain } of KNOWN) {
    for (const text of [...troubles, otherwise]) {
      const found = pattern.exec(text);
      if (found) return `Cannot deploy: ${explain(found)} (${lineOf(text)})`;
    }
  }
  return `Cannot deploy: ${lineOf(troubles[0] ?? otherwise)}. ${AGAIN}`;
}

/** The line that says most, without colours and request ids. */
function lineOf(text: string): string {
  const lines = text.split("\n").map((line) => line.replaceAll(/<\{%[^%]*%\}>/g, "").trim());
  const line = lines.find((each) => /Exception|Denied|Error:/.test(each)) ?? lines.find(Boolean) ??
    "";
  return line.replace(/^\W+/, "").slice(0, 400).replace(/\.+$/, "");
}
