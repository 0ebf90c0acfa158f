"""The one place that imports matplotlib, when something is drawn."""


def import_pyplot():
    """Return matplotlib.pyplot, or say how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays draw with matplotlib, which cannot be imported; install it: "
            'pip install "sklearn-slr[plot]".'
        ) from error
    return plt
