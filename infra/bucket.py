"""Makes the bucket of ROOMLOG_FILES unless it is there: `python -m infra.bucket`, once before the first start."""

import sys
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from roomlog.settings import from_environment

_THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


def make_bucket(url: str) -> None:
    """Make the bucket of an s3:// address; raises ValueError, BotoCoreError, ClientError."""
    parts, more = urlsplit(url), parse_qs(urlsplit(url).query)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"ROOMLOG_FILES: {url}: not s3://BUCKET/PREFIX?endpoint=URL&region=R")
    endpoint, region = (more.get(name, [None])[0] for name in ("endpoint", "region"))
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name=region)
    try:
        s3.create_bucket(Bucket=parts.netloc)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE:
            raise


def main() -> None:
    """Make the bucket of the settings; ends the program with a sentence where that fails."""
    try:
        make_bucket(from_environment().files)
    except (ValueError, BotoCoreError, ClientError) as error:
        sys.exit(f"the bucket cannot be made: {error}")


if __name__ == "__main__":
    main()
