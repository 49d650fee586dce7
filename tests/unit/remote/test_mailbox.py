"""Where workers leave what they tell."""

import asyncio

from docmill.engines.remote.mailbox import Mailbox


def test_notes_are_kept_until_they_are_taken_all_at_once() -> None:
    async def main() -> list[list[bytes]]:
        mailbox = Mailbox()
        await mailbox.put(b"1")
        await mailbox.put(b"2")
        first = await mailbox.take()
        waiting = asyncio.create_task(mailbox.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        await mailbox.put(b"3")
        return [first, await waiting]

    assert asyncio.run(main()) == [[b"1", b"2"], [b"3"]]
