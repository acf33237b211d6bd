import { ActionIcon, Button, Kbd } from "@mantine/core";
import { Icon } from "../../shared/icons";
import { shortcutName } from "./useShortcut";

/** Opens the search: a box on wide screens, an icon on a phone. */
export function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <>
      <Button
        visibleFrom="lg"
        variant="default"
        c="dimmed"
        fw={400}
        size="sm"
        w={230}
        justify="space-between"
        leftSection={<Icon name="search" size={16} />}
        rightSection={<Kbd size="xs">{shortcutName()}</Kbd>}
        styles={{ label: { flex: 1 } }}
        onClick={onClick}
      >
        Search messages
      </Button>
      <ActionIcon
        hiddenFrom="lg"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Search messages"
        title={`Search messages (${shortcutName()})`}
        onClick={onClick}
      >
        <Icon name="search" size={20} />
      </ActionIcon>
    </>
  );
}
