"""Opening and closing ports on any security group, one rule at a time known by its id.

New rules are authorised before old ones are revoked, unless the group's quota leaves no room for both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloudlb.errors import Conflict, NotFound, QuotaExceeded
from cloudlb_aws.batches import batches
from cloudlb_aws.drivers.context import Context, not_shown_yet, specification, tag_list
from cloudlb_aws.errors import is_duplicate
from cloudlb_aws.limits import RULES_A_CALL
from cloudlb_aws.reading import rules as reading
from cloudlb_aws.reading.security_group import tags_of, where
from cloudlb_aws.resources.ingress_rules import IngressRule

RuleIds = dict[IngressRule, str]

_KIND = "security-group-rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One security group, and the tags that our rules on it carry."""

    context: Context
    group_id: str
    tags: Mapping[str, str]

    def bring(self, present: RuleIds, wanted: frozenset[IngressRule]) -> RuleIds:
        """Add what is missing, then take away what is not wanted. Returns the ids of the rules that are there now.

        `present` maps the rules that are there to their ids; an empty id is one that is not known.
        """
        missing = wanted - present.keys()
        surplus = {rule: each for rule, each in present.items() if rule not in wanted}
        try:
            added = self.open(missing)
        except QuotaExceeded:
            if not surplus:
                raise
            self.close(surplus)
            return {**_without(present, surplus), **self.open(missing)}
        self.close(surplus)
        return {**_without(present, surplus), **added}

    def open(self, rules: Iterable[IngressRule]) -> RuleIds:
        """Authorise rules; one that exists is adopted. Returns their ids."""
        opened: RuleIds = {}
        for some in batches(sorted(rules), RULES_A_CALL):
            try:
                opened |= self._authorize(some)
            except Conflict as error:
                if not is_duplicate(error):
                    raise
                opened |= self._adopt(some)
        return opened

    def close(self, rules: Mapping[IngressRule, str]) -> None:
        """Revoke rules; that they are gone already is success."""
        for some in batches(sorted(rules), RULES_A_CALL):
            try:
                self._revoke({rule: rules[rule] for rule in some})
            except NotFound:
                self._revoke_what_is_left(some)

    def _authorize(self, rules: Iterable[IngressRule]) -> RuleIds:
        reply = self.context.ec2(
            "AuthorizeSecurityGroupIngress",
            GroupId=self.group_id,
            IpPermissions=reading.permissions(rules),
            TagSpecifications=specification(_KIND, self.tags),
        )
        known = reading.ids_of(reply.get("SecurityGroupRules", ()))
        return {rule: known.get(rule, "") for rule in rules}

    def _adopt(self, rules: tuple[IngressRule, ...]) -> RuleIds:
        """Authorise those that do not exist, and mark those that do: EC2 refuses the whole call for one of them.

        A rule that does exactly what ours would (on our own group, or for our own backend group as its source) is ours,
        whoever removed its tags.
        """
        filters = [where("group-id", self.group_id)]
        there = reading.read(self.context.session.ec2, filters).get(self.group_id, {})
        adopted = {rule: there[rule] for rule in rules if rule in there}
        if not adopted:
            raise not_shown_yet(f"a rule of {self.group_id}", "AuthorizeSecurityGroupIngress")
        bare = [
            str(each["SecurityGroupRuleId"])
            for each in adopted.values()
            if not self.tags.items() <= tags_of(each).items()
        ]
        if bare:
            self.context.ec2("CreateTags", Resources=bare, Tags=tag_list(self.tags))
        missing = [rule for rule in rules if rule not in adopted]
        return reading.ids_of(adopted.values()) | (self._authorize(missing) if missing else {})

    def _revoke(self, rules: Mapping[IngressRule, str]) -> None:
        known = [each for each in rules.values() if each]
        if len(known) == len(rules):
            self.context.ec2(
                "RevokeSecurityGroupIngress", GroupId=self.group_id, SecurityGroupRuleIds=known
            )
            return
        self.context.ec2(
            "RevokeSecurityGroupIngress",
            GroupId=self.group_id,
            IpPermissions=reading.permissions(rules),
        )

    def _revoke_what_is_left(self, rules: Iterable[IngressRule]) -> None:
        """Revoke those that still exist: EC2 refuses the whole call for one that does not."""
        filters = [where("group-id", self.group_id)]
        there = reading.read(self.context.session.ec2, filters).get(self.group_id, {})
        left = {rule: str(there[rule]["SecurityGroupRuleId"]) for rule in rules if rule in there}
        if left:
            self._revoke(left)


def _without(rules: RuleIds, gone: Iterable[IngressRule]) -> RuleIds:
    left = set(gone)
    return {rule: each for rule, each in rules.items() if rule not in left}
