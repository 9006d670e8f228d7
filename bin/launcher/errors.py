"""The one way the launcher gives up: a plain sentence that says what to do."""


class LaunchError(Exception):
    """Stop with a sentence for the person at the terminal.

    :param sentence: what is wrong and what to do next.
    :param detail: lines of a log that show it, or nothing.
    :param exit_code: the exit code of the command, 1 unless a tool's own code says more.
    """

    def __init__(self, sentence: str, detail: str = "", exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail
        self.exit_code = exit_code


class Interrupted(BaseException):
    """Someone pressed Ctrl-C or sent SIGTERM or SIGHUP; not an error of ours."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number
