"""The error that AWS answers with, before it is put into the XML or JSON of its service."""


class AwsError(Exception):
    """A refused request: AWS's code, its message and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        """Take what AWS says."""
        self.code = code
        self.message = message
        self.status = status
        super().__init__(f"{code}: {message}")


def validation(message: str) -> AwsError:
    """Make ELBv2's answer to a parameter that does not fit."""
    return AwsError("ValidationError", message)


def configuration(message: str) -> AwsError:
    """Make ELBv2's answer to parameters that do not fit together."""
    return AwsError("InvalidConfigurationRequest", message)
