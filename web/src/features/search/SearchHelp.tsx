import { Table, Text } from "@mantine/core";
import classes from "./search.module.css";

const WAYS = [
  ["went wrong", "both words, anywhere in the message"],
  ['"went wrong"', "exactly so, in a row"],
  ["deploy*", "words that begin like this"],
  ["cake OR pie", "one or the other"],
  ["-test", "without this word"],
  ["from:ada in:general has:link", "by whom, where, with what"],
  ["since:2026-01 before:2026-03-15", "when"],
] as const;

/** What can be typed into the box; shown while nothing is. */
export function SearchHelp() {
  return (
    <div className={classes.help}>
      <Text size="sm" c="dimmed" pb="xs">
        Searches what was said in your rooms.
      </Text>
      <Table withRowBorders={false} verticalSpacing={4} horizontalSpacing={0}>
        <Table.Tbody>
          {WAYS.map(([typed, found]) => (
            <Table.Tr key={typed}>
              <Table.Td className={classes.typed}>
                <code>{typed}</code>
              </Table.Td>
              <Table.Td c="dimmed">{found}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
