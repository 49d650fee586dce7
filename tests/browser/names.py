"""The documents of the scripted host, which do what their names say."""

HOSTILE = "<img src=x onerror=hacked=1>.txt"
DOCUMENTS = [
    *(f"good-{number}.txt" for number in range(1, 7)),
    *(f"slow-{number}.txt" for number in range(1, 5)),
    *(f"hang-{number}.txt" for number in range(1, 3)),
    *(f"wordy-{number}.txt" for number in range(1, 9)),
    "bad.txt",
    "flaky.txt",
    HOSTILE,
]
