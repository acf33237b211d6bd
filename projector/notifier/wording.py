"""What a notification is called, in pushes and in mails. Pure."""


def title(kind: str, sender: str, room: str) -> str:
    """Return who did what, and where; `sender` and `room` are names, that of the sender "" where it is not known."""
    who = sender or "Somebody"
    titles = {
        "mention": f"{who} mentioned you in {room}",
        "invite": f"{who} brought you into {room}",
        "direct": f"{who} wrote to you",
        "workspace_invite": f"{who} invited you to a workspace",
        "friend_request": f"{who} asks to be friends",
        "friend_accepted": f"You and {who} are friends",
    }
    return titles.get(kind, f"{who}: {kind.replace('_', ' ')}")
