"""A ``Listing`` and the reference catalog in, ``Match``es, ``Finding``s and ``Flag``s out; pure."""
