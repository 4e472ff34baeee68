"""The words of enums, as people read them in Chinese and English.

A word that means different things in different fields stands under ``field.word``.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Name(NamedTuple):
    """What a person sees."""

    zh: str
    en: str


_WORDS: Mapping[str, Name] = MappingProxyType(
    {
        word: Name(zh, en)
        for word, zh, en in (
            # doors, locks, valves
            ("open", "打开", "open"),
            ("closed", "关闭", "closed"),
            ("moving", "动作中", "moving"),
            ("locked", "已锁", "locked"),
            ("unlocked", "未锁", "unlocked"),
            ("unknown", "未知", "unknown"),
            ("fault", "故障", "fault"),
            ("normal", "正常", "normal"),
            ("always_open", "常开", "always open"),
            ("always_closed", "常闭", "always closed"),
            ("fire_release", "消防释放", "fire release"),
            ("maintenance", "维护中", "maintenance"),
            # access events
            ("begin", "开始", "begin"),
            ("end", "结束", "end"),
            ("in", "进", "in"),
            ("out", "出", "out"),
            ("no_right", "无权限", "no right"),
            ("expired", "已过期", "expired"),
            ("bad_time", "不在允许时段", "outside the permitted hours"),
            ("failed_match", "比对失败", "no match"),
            ("anti_passback", "反潜回", "anti-passback"),
            ("auth_unavailable", "认证服务不可用", "authentication unavailable"),
            ("other", "其他", "other"),
            ("reason.unknown", "未知凭证", "unknown credential"),
            ("qr", "二维码", "QR code"),
            ("member_code", "工会会员码", "union member code"),
            ("face", "人脸", "face"),
            ("id_card", "身份证", "identity card"),
            ("card", "卡", "card"),
            ("password", "密码", "password"),
            ("bluetooth", "蓝牙", "Bluetooth"),
            ("remote", "远程", "remote"),
            ("key", "钥匙", "key"),
            ("none", "无", "none"),
            # occupations
            ("sanitation", "环卫", "sanitation"),
            ("delivery_rider", "外卖骑手", "delivery rider"),
            ("courier", "快递员", "courier"),
            ("ride_hailing", "网约车司机", "ride-hailing driver"),
            ("taxi", "出租车司机", "taxi driver"),
            ("truck", "货车司机", "truck driver"),
            ("traffic_police", "交警协管", "traffic police"),
            ("construction", "建筑工人", "construction"),
            ("landscaping", "园林工人", "landscaping"),
            ("municipal", "市政工人", "municipal works"),
            ("designated_driver", "代驾", "designated driver"),
            ("security", "保安", "security guard"),
            # power
            ("overload", "过载", "overload"),
            ("short", "短路", "short circuit"),
            ("residual", "漏电", "residual current"),
            ("over_voltage", "过压", "overvoltage"),
            ("under_voltage", "欠压", "undervoltage"),
            ("arc", "电弧", "arc"),
            ("manual", "手动", "by hand"),
            ("OL", "市电供电", "on line"),
            ("OB", "电池供电", "on battery"),
            ("LB", "电池电量低", "battery low"),
            ("HB", "电池电量高", "battery high"),
            ("RB", "电池需更换", "replace battery"),
            ("CHRG", "充电中", "charging"),
            ("DISCHRG", "放电中", "discharging"),
            ("BYPASS", "旁路", "bypass"),
            ("CAL", "校准中", "calibrating"),
            ("OFF", "已关机", "off"),
            ("OVER", "超载", "overloaded"),
            ("TRIM", "降压稳压", "trimming voltage"),
            ("BOOST", "升压稳压", "boosting voltage"),
            ("FSD", "强制关机", "forced shutdown"),
            ("ALARM", "告警", "alarm"),
            ("TEST", "自检中", "testing"),
            ("ECO", "节能模式", "economy mode"),
            ("COMM", "通信正常", "communicating"),
            ("NOCOMM", "通信中断", "not communicating"),
            ("WAIT", "等待中", "waiting"),
            ("OTHER", "其他", "other"),
            # detectors and appliances
            ("alarm", "报警", "alarm"),
            ("test", "测试", "test"),
            ("removed", "被取下", "removed"),
            ("off", "关", "off"),
            ("standby", "待机", "standby"),
            ("running", "运行", "running"),
            ("cool", "制冷", "cool"),
            ("heat", "制热", "heat"),
            ("fan", "送风", "fan"),
            ("dry", "除湿", "dry"),
            ("auto", "自动", "auto"),
            ("ready", "就绪", "ready"),
            ("self_test_failed", "自检失败", "self-test failed"),
            ("battery_low", "电池低", "battery low"),
            ("pads_expired", "电极片过期", "pads expired"),
            # lockers, station, visitors
            ("free", "空闲", "free"),
            ("in_use", "使用中", "in use"),
            ("overdue", "超时未取", "overdue"),
            ("deposit", "存入", "deposited"),
            ("collect", "取出", "collected"),
            ("release", "管理员开柜", "opened by staff"),
            ("station_mode.open", "开放", "open"),
            ("station_mode.closed", "闭站", "closed"),
            ("planned_off", "计划断电", "switched off on schedule"),
            ("commissioning", "调试中", "commissioning"),
            ("cleanliness", "卫生", "cleanliness"),
            ("equipment", "设备", "equipment"),
            ("supplies", "物资", "supplies"),
            ("opening", "开放时间", "opening hours"),
            ("comfort", "舒适", "comfort"),
            ("safety", "安全", "safety"),
            ("service", "服务", "service"),
            ("praise", "表扬", "praise"),
            # link
            ("eth", "有线", "Ethernet"),
            ("lte", "4G", "LTE"),
            ("wifi", "无线", "WiFi"),
        )
    }
)


def name_of(field: str, word: str) -> Name:
    """Return how people read one word of an enum; KeyError when nobody has named it."""
    return _WORDS.get(f"{field}.{word}") or _WORDS[word]
