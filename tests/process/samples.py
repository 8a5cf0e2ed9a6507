"""Heartbeats as real daemons printed them: RV 8.7 twice, 90 s apart, and RV 6.9."""
import textwrap

BRACES_87 = [
    '{ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STATUS.0A62A389" hostaddr=10.98.163.137 os=2 ver="8.7.0" '
    'httpaddr=10.98.163.137 httpport=7580 time=2025-10-15 01:38:54.797000000Z up=990 rli=60.000000 ms=1915 bs=241142 '
    'mr=1156 br=129578 ps=1992 pr=0 rx=0 pm=0 idl=0 odl=0 irrs=0 orrs=0 cc=4 ipport=7500 service="7500" network=""}',
    '{ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STATUS.0A62A389" hostaddr=10.98.163.137 os=2 ver="8.7.0" '
    'httpaddr=10.98.163.137 httpport=7580 time=2025-10-15 01:40:24.799000000Z up=1080 rli=60.000000 ms=2143 bs=270679 '
    'mr=1261 br=141293 ps=2173 pr=0 rx=0 pm=0 idl=0 odl=0 irrs=0 orrs=0 cc=4 ipport=7500 service="7500" network=""}',
]
DECORATED_69 = (
    '[2007-05-16 09:05:14]: subject=_RV.INFO.SYSTEM.HOST.STATUS.AC1C4815, message={{0}ADV_CLASS(0)="INFO", '
    '{0}ADV_SOURCE(0)="SYSTEM", {0}ADV_NAME(0)="HOST.STATUS.AC1C4815", {0}hostaddr(0)=172.28.72.21, {0}sn(0)=222638, '
    '{0}os(0)=2, {0}ver(0)="6.9.8", {0}up(0)=157590, {0}httpaddr(0)=172.28.72.21, {0}httpport(0)=7580, {0}ms(0)=84412, '
    '{0}bs(0)=29800824, {0}mr(0)=43272063, {0}br(0)=16275633306, {0}ps(0)=247138, {0}pr(0)=48428531, {0}rx(0)=8382, '
    '{0}pm(0)=1338}')
SUBJECT_87 = "rvd/10.98.163.137/7500"
SUBJECT_69 = "rvd/172.28.72.21/7500"


def listened(braces, second):
    """As the present-day tibrvlisten writes it."""
    at = f"2025-10-15 01:38:{second:02}"
    return f"{at} ({at}.000000000Z): subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, message={braces}"


def wrapped(line):
    """As a terminal or a mail breaks it."""
    return "\n".join(textwrap.wrap(line, 78, break_long_words=False, break_on_hyphens=False))
