"""The error that people who run Chewbotta read; the command line prints its text and ends."""


class OperatorError(Exception):
    """Something that whoever runs this installation must put right.

    The text is one line that says what is wrong and what to do; it never holds a secret or personal data.
    """
