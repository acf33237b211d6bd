import { ActionIcon } from "@mantine/core";
import { Icon } from "../../shared/icons";

interface Props {
  opened: boolean;
  onClick: () => void;
}

/** Opens and closes the list of rooms on a phone. */
export function MenuButton({ opened, onClick }: Props) {
  return (
    <ActionIcon
      hiddenFrom="sm"
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={opened ? "Hide rooms" : "Show rooms"}
      aria-expanded={opened}
      onClick={onClick}
    >
      <Icon name={opened ? "close" : "menu"} size={20} />
    </ActionIcon>
  );
}
