import { Button, Group, TextInput } from "@mantine/core";
import { useState } from "react";
import { copyText } from "../../shared/clipboard";
import { Icon } from "../../shared/icons";

/** Something that is shown this once, to be copied. */
export function Secret({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap" align="end">
      <TextInput
        label={label}
        description="It is shown this once: copy it now."
        value={value}
        readOnly
        flex={1}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button
        variant="light"
        leftSection={<Icon name={copied ? "check" : "copy"} size={16} />}
        onClick={() => void copyText(value).then(setCopied)}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </Group>
  );
}
