"""`deploy`: a package answers requests, on one port that stays; every deployment of it is a new revision.

deploy wine:v1 --name wine          all requests go to it, once it is ready
deploy wine:v2 --name wine --canary 20     a fifth of them
deploy --name wine --canary 100     now all
deploy wine:v1 --target kserve --image ghcr.io/team/wine-service@sha256:...     documents for a cluster
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from nbmlops.deploy import start
from nbmlops.deploy.folder import DeploymentFolder, check_name, folder_of, folders
from nbmlops.deploy.manifests.wanted import Wanted
from nbmlops.errors import ConflictError, ExternalError, NbmlopsError, NotFoundError, StateError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.sizes import bytes_of
from nbmlops.model.deployment import Revision, Spec, Target
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.compare_answers import Replay, replay
from nbmlops.ops.deploy_manifests import Manifests, deploy_manifests
from nbmlops.ops.deployed_contract import WantedContract, lay_contract
from nbmlops.ops.deployed_package import deployed_package, lay_out, name_of
from nbmlops.ops.deployment_view import DeploymentView, view
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_claims import origin
from nbmlops.ops.package_store import store
from nbmlops.ops.registries import PLAIN_HTTP
from nbmlops.ops.replay_requests import Replayed, replay_requests
from nbmlops.ops.revisions import apply, next_number, pruned, switched, wait_ready, without
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference
from nbmlops.track.registry import REFERENCE, version_of

MOST_REPLICAS = 64
CLUSTERS = frozenset({"kserve", "kubernetes"})


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[
        str,
        positional(
            "What is deployed: a package, a run or a registered model. Without: the share of the canary is changed, or "
            "what was stopped is started.",
            metavar="PACKAGE|RUN|MODEL",
        ),
    ] = ""
    name: Annotated[str, option("What the deployment is called. Default: as the package.", short="n")] = ""
    target: Annotated[
        Literal["process", "container", "kserve", "kubernetes"] | None,
        option(
            "Where it runs. Default: as before, else a process. For a cluster, documents are written.",
            metavar="process|container|kserve|kubernetes",
        ),
    ] = None
    port: Annotated[int, option("Where it answers. Default: as before, else the first free one from 8090 on.")] = 0
    host: Annotated[str, option("Default: as before, else this machine only: 127.0.0.1.", metavar="ADDRESS")] = ""
    replicas: Annotated[int, option("Processes of each revision. Default: as before, else 1.")] = 0
    memory: Annotated[
        str, option("That a replica may take, such as 2GiB. Default: as before, else without a limit.", metavar="SIZE")
    ] = ""
    canary: Annotated[
        int | None, option("Percent of the requests that the new revision answers; 100: all.", metavar="PERCENT")
    ] = None
    shadow: Annotated[bool, option("Ask the new revision as well, and only compare its answers.")] = False
    monitor: Annotated[bool, option("Keep what is asked and answered, to watch over the model.")] = False
    no_monitor: Annotated[bool, option("Keep it no longer.")] = False
    share: Annotated[
        float | None, option("Of the requests, that is kept: from 0 to 1. Default: as before, else all.")
    ] = None
    redact: Annotated[
        tuple[str, ...], option("A column whose values are not kept. Default: as before.", metavar="COLUMN")
    ] = ()
    contract: Annotated[
        str,
        option("What rows have to be: a file of `validate`. Default: as the revision before.", metavar="FILE"),
    ] = ""
    no_contract: Annotated[bool, option("Hold rows against it no longer.")] = False
    on_breach: Annotated[
        Literal["warn", "reject", "quarantine"] | None,
        option(
            "What becomes of rows that break it: counted, refused, or kept apart. Default: as before, else counted.",
            metavar="warn|reject|quarantine",
        ),
    ] = None
    image: Annotated[
        str, option("Of the service, as `nbmlops image` has made it. For containers and clusters.", metavar="IMAGE")
    ] = ""
    storage: Annotated[str, option("Where KServe finds the model, in place of an image.", metavar="URI")] = ""
    output: Annotated[
        str, option("Folder of a cluster's documents. Default: deployments/NAME.", short="o", metavar="FOLDER")
    ] = ""
    apply: Annotated[bool, option("Give a cluster's documents to kubectl, too.")] = False
    max_difference: Annotated[
        float | None,
        option("Refuse a revision whose answers differ by more from those of the one before.", metavar="NUMBER"),
    ] = None
    policy: Annotated[str, option("What a package has to be. Default: nbmlops-policy.yaml here.", metavar="FILE")] = ""
    trust: Annotated[bool, option("Let a model run its code that nobody trusted has signed.")] = False
    restore: Annotated[bool, option("Start whatever should run here and does not, after the machine was off.")] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    deployments: tuple[DeploymentView, ...]
    revision: int = 0
    """That was made; 0: none."""
    replay: Replay | None = None
    requests: Replayed | None = None
    """Logged ones that were asked of both revisions; None where none were logged."""
    token_file: str = ""
    """What callers send is in there."""
    is_first: bool = False
    manifests: Manifests | None = None
    """Documents for a cluster, in place of a deployment here."""


def deploy(call: Call, request: Request) -> Result:
    """Raises UsageError for what contradicts itself, NotFoundError for a package or a run, IntegrityError for what a
    policy refuses, ExternalError for a revision that does not come up: whatever answered before goes on then.
    """
    _check(request)
    place = call.project.layout.folder
    if request.restore:
        wanted = [each for each in folders(place) if each.spec().is_wanted]
        for each in wanted:
            start.ensure_running(each)
        return Result(deployments=tuple(view(each) for each in wanted))
    if not request.package:
        return _changed(call, request, folder_of(place, check_name(request.name)))
    reference, package = deployed_package(
        call, request.package, policy=request.policy, is_trusted=request.trust, plain_http=request.plain_http
    )
    name = request.name or name_of(reference, package)
    if request.target in CLUSTERS:
        return Result(deployments=(), manifests=_manifests(call, request, name, reference, package))
    folder = folder_of(place, name)
    with folder.locked(is_new=True):
        before = folder.spec() if folder.exists else None
        return _deployed(call, request, folder, _wanted(call, request, folder, before), reference, package)


def _manifests(call: Call, request: Request, name: str, reference: Reference, package: Opened) -> Manifests:
    wanted = Wanted(
        name=check_name(name),
        package=str(reference),
        digest=package.descriptor.digest,
        replicas=request.replicas or 1,
        percent=request.canary,
        image=request.image,
        storage=request.storage,
    )
    return deploy_manifests(call, wanted, target=str(request.target), output=request.output, apply=request.apply)


def _deployed(
    call: Call, request: Request, folder: DeploymentFolder, spec: Spec, reference: Reference, package: Opened
) -> Result:
    number = next_number(folder, spec)
    is_first = not spec.stable
    before = spec
    try:
        revision = _revision(call, request, folder, spec, number, reference, package)
        spec = msgspec.structs.replace(spec, candidate=number, is_wanted=True, revisions=(*spec.revisions, revision))
        apply(folder, spec)
        wait_ready(call, folder, number)
        call.progress(Progress(task="example", note="asking old and new"))
        compared = replay(folder, spec, number)
        call.progress(Progress(task="example", state="done"))
        requests = None
        if not compared.old_problem:
            call.progress(Progress(task="requests", note="asking old and new what was logged"))
            requests = replay_requests(folder, spec, number)
            call.progress(Progress(task="requests", state="done"))
        _require_alike(request, spec, compared, requests)
    except (NbmlopsError, KeyboardInterrupt):
        _taken_back(folder, before, spec, number)
        raise
    share = 100 if request.canary is None else request.canary
    if request.shadow and not is_first:
        spec = msgspec.structs.replace(spec, candidate=0, shadow=number)
    elif share < 100 and not is_first:
        spec = msgspec.structs.replace(spec, candidate=0, canary=number, percent=share)
    else:
        spec = switched(spec, number)
    spec = apply(folder, pruned(folder, spec))
    return Result(
        deployments=(view(folder, spec),),
        revision=number,
        replay=compared,
        requests=requests,
        token_file=str(folder.path / "token"),
        is_first=is_first,
    )


def _require_alike(request: Request, spec: Spec, example: Replay, logged: Replayed | None) -> None:
    """Raises ExternalError where answers differ by more than was asked for, or otherwise than in numbers."""
    if request.max_difference is None or not spec.stable:
        return
    found: tuple[Replay | Replayed, ...] = (example,) if logged is None else (example, logged)
    largest = max(each.largest for each in found)
    otherwise = sum(each.otherwise for each in found)
    refused = logged.refused if logged is not None else 0
    why = ""
    if refused:
        why = f"it does not answer {refused} of the requests that the one before answers"
    elif otherwise:
        why = f"{otherwise} answers are others than those of the one before"
    elif largest > request.max_difference:
        why = f"an answer differs by {largest:.6g} from that of the one before"
    elif example.old_problem:
        why = "the one before could not be asked"
    if why:
        raise ExternalError(
            f"Revision {spec.candidate} of {spec.name} is not switched to: {why}.",
            kind="answers-differ",
            hint="Deploy it without --max-difference to see examples, with --shadow to ask it beside the other one.",
        )


def _revision(
    call: Call,
    request: Request,
    folder: DeploymentFolder,
    spec: Spec,
    number: int,
    reference: Reference,
    package: Opened,
) -> Revision:
    wanted = WantedContract(file=request.contract, way=request.on_breach, is_dropped=request.no_contract)
    model = lay_out(call, reference, package, folder.files(number))
    asked = lay_contract(call, folder, number, spec, wanted)
    return Revision(
        number=number,
        package=str(reference),
        digest=package.descriptor.digest,
        created=utc_now(),
        model=model,
        image=request.image,
        run=said.run if (said := origin(store(), package)) is not None else "",
        version=_version(call, request.package),
        contract=asked.name if asked is not None else "",
        on_breach=asked.way if asked is not None else "warn",
    )


def _version(call: Call, asked: str) -> str:
    """`wine/3`, for what was asked for as `models:/wine/3` or `models:/wine@champion`."""
    found = version_of(call.project.uri, asked) if (named := REFERENCE.fullmatch(asked)) is not None else None
    return f"{named['name']}/{found}" if named is not None and found is not None else ""


def _taken_back(folder: DeploymentFolder, before: Spec, spec: Spec, number: int) -> None:
    """As it was before the revision that did not come up. Its log stays."""
    gone = without(folder, spec, number)
    if before.stable:
        apply(folder, msgspec.structs.replace(gone, is_wanted=before.is_wanted))
        if not before.is_wanted:
            start.stop(folder)
        return
    start.stop(folder)
    folder.spec_file.unlink(missing_ok=True)


def _wanted(call: Call, request: Request, folder: DeploymentFolder, before: Spec | None) -> Spec:
    """Where it runs, before the new revision. Raises ConflictError for a port that is taken."""
    host = request.host or (before.host if before else "127.0.0.1")
    port = request.port or (before.port if before else 0)
    if not port:
        port = start.free_port(host, {each.spec().port for each in folders(folder.path.parent.parent)})
    target = _here(request.target) or (before.target if before else "process")
    if before is None:
        new = Spec(name=folder.name, target=target, host=host, port=port, replicas=request.replicas or 1)
        return _with_asked(request, new)
    if (host, port) != (before.host, before.port) and start.is_running(folder):
        raise ConflictError(
            f"{folder.name} answers on {before.host}:{before.port}; it cannot move while it runs.",
            kind="deployment-running",
            hint=f"Stop it first: nbmlops undeploy {folder.name}",
        )
    if target != before.target and before.running:
        raise ConflictError(
            f"{folder.name} runs as {before.target}; both ways at a time it cannot.",
            kind="deployment-running",
            hint="Give the other one another --name.",
        )
    return msgspec.structs.replace(
        _with_asked(request, before), target=target, host=host, port=port, replicas=request.replicas or before.replicas
    )


def _with_asked(request: Request, spec: Spec) -> Spec:
    """What replicas keep of requests, and the memory that they may take, from the next ones on."""
    return msgspec.structs.replace(
        spec,
        monitored=(spec.monitored or request.monitor) and not request.no_monitor,
        share=spec.share if request.share is None else request.share,
        redacted=request.redact or spec.redacted,
        memory=_bytes(request.memory) if request.memory else spec.memory,
    )


def _bytes(text: str) -> int:
    """Raises UsageError."""
    try:
        return bytes_of(text)
    except ValueError as error:
        raise UsageError(
            f"--memory {text!r} is no size.", kind="deploy-malformed", hint="Write a size such as 500MB or 2GiB."
        ) from error


def _here(target: str | None) -> Target | None:
    return "container" if target == "container" else "process" if target == "process" else None


def _changed(call: Call, request: Request, folder: DeploymentFolder) -> Result:
    """Another share for the canary, more replicas, or started again."""
    with folder.locked():
        spec = folder.spec()
        if request.canary is not None:
            spec = _shared(spec, request.canary)
        elif spec.is_wanted and not request.replicas and start.is_running(folder):
            raise StateError(
                f"{spec.name} runs already.", kind="deployment-running", hint="Name what is to be deployed."
            )
        spec = msgspec.structs.replace(spec, is_wanted=True, replicas=request.replicas or spec.replicas)
        if request.port or request.host:
            spec = _wanted(call, request, folder, spec)
        apply(folder, spec)
        wait_ready(call, folder, spec.stable)
        return Result(deployments=(view(folder, spec),), token_file=str(folder.path / "token"))


def _shared(spec: Spec, percent: int) -> Spec:
    number = spec.canary or spec.shadow
    if not number:
        raise NotFoundError(
            f"{spec.name} has no canary.",
            kind="canary-missing",
            hint=f"Start one: nbmlops deploy PACKAGE --name {spec.name} --canary {percent}",
        )
    if percent == 100:
        return switched(spec, number)
    return msgspec.structs.replace(spec, canary=number, shadow=0, percent=percent)


def _check(request: Request) -> None:
    """Raises UsageError."""
    problem = ""
    if request.restore and (request.package or request.name):
        problem = "--restore starts all that should run: it takes no name."
    elif not request.restore and not request.package and not request.name:
        problem = "What is to be deployed?"
    elif request.canary is not None and not 0 <= request.canary <= 100:
        problem = f"--canary {request.canary} is no percentage."
    elif request.canary is not None and request.shadow:
        problem = "--canary and --shadow contradict each other."
    elif request.share is not None and not 0 <= request.share <= 1:
        problem = f"--share {request.share} is no share: from 0 to 1."
    elif request.monitor and request.no_monitor:
        problem = "--monitor and --no-monitor contradict each other."
    elif not request.package and (request.monitor or request.no_monitor or request.redact or request.share is not None):
        problem = "What is kept of requests changes with a new revision."
    elif request.contract and request.no_contract:
        problem = "--contract and --no-contract contradict each other."
    elif (request.contract or request.no_contract or request.on_breach) and (
        not request.package or request.target in CLUSTERS
    ):
        problem = "A contract is for a new revision here."
    elif request.memory and (not request.package or request.target in CLUSTERS):
        problem = "--memory is for a new revision here; for a cluster it stands in an overlay."
    elif request.max_difference is not None and (not request.package or not request.max_difference >= 0):
        problem = "--max-difference is a number from 0 on, for a new revision."
    elif request.replicas < 0 or request.replicas > MOST_REPLICAS:
        problem = f"--replicas has to be from 1 to {MOST_REPLICAS}."
    elif not 0 <= request.port < 65536:
        problem = f"{request.port} is no port."
    elif request.target in CLUSTERS and (not request.package or request.shadow or request.port or request.host):
        problem = f"--target {request.target} takes a package, and neither --shadow nor --port nor --host."
    elif request.target not in CLUSTERS and (request.storage or request.output or request.apply):
        problem = "--storage, --output and --apply are for --target kserve and kubernetes."
    elif request.target == "container" and request.package and not request.image:
        problem = "A container needs an --image."
    if problem:
        raise UsageError(
            problem,
            kind="deploy-malformed",
            hint="nbmlops deploy PACKAGE --name NAME, or nbmlops deploy --help",
        )
    if request.name:
        check_name(request.name)
    if request.memory:
        _bytes(request.memory)
